"""The plan that a run starts with, and its file, which the report compares with what the jobs took."""

import json
from types import SimpleNamespace

import opening
import pytest
import rates
import yaml
from costs import Cost
from dag import Job
from forecast import Forecast, Item


@pytest.fixture
def forecast(repository):
    """Two jobs of ten minutes that wait for one that is done."""
    config = yaml.safe_load((repository / "config/config.yaml").read_text())
    made = Forecast(config, [], rates.named(rates.DEFAULT_CPU))
    file = "results/mini/benchmarks/train_segmentation/seed{}.tsv".format
    jobs = [
        Job(0, "train_controlnet", {}, started=1.0),
        *(Job(number, "train_segmentation", {}, frozenset({0}), benchmark=file(number)) for number in (1, 2)),
    ]
    made.jobs, made.items = jobs, [Item(job, Cost(600.0, 1e9), 0.0, 0.0, 1) for job in jobs]
    return made


def test_run_starts_with_what_is_left_and_its_time(forecast):
    line = opening.opening(forecast, {"cores": 2, "gpus": 0})
    assert line.startswith(f"Plan: 2 of 3 jobs, about 10 min here, at the rates of {forecast.machine.basis}.")
    assert "about 20 min here" in opening.opening(forecast, {"cores": 1, "gpus": 0})
    assert "about 0.33 core-hours" in opening.opening(forecast, None)


def test_plan_of_a_partial_run_keeps_the_other_jobs(forecast, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "results/mini/plan.json"
    opening.remember(forecast, file)
    forecast.items = forecast.items[2:]
    opening.remember(forecast, file)
    expected = {"seconds": 600.0, "memory": 1000, "cores": 1}
    jobs = {key: {f"train_segmentation/seed{n}.tsv": value for n in (1, 2)} for key, value in expected.items()}
    assert json.loads(file.read_text()) == {"basis": forecast.machine.basis, **jobs, "gpus": {}}


def test_file_that_is_no_plan_is_replaced(forecast, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "results/mini/plan.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"seconds":')
    opening.remember(forecast, file)
    assert json.loads(file.read_text())["basis"] == forecast.machine.basis


def test_run_without_a_plan_says_why_and_goes_on(forecast, tmp_path):
    (tmp_path / "calibration.json").write_text("{}")
    workflow = SimpleNamespace(dag=SimpleNamespace(jobs=[]))
    line = opening.announced(workflow, {**forecast.config, "models": {}}, tmp_path)
    assert line.startswith("No plan: ") and "snakemake calibrate" in line


def test_damaged_counts_of_networks_do_not_stop_a_run(forecast, tmp_path):
    (tmp_path / "networks.json").write_text("{")
    line = opening.announced(SimpleNamespace(dag=SimpleNamespace(jobs=[])), forecast.config, tmp_path)
    assert line.startswith("No plan: ")


def test_a_plan_that_fails_does_not_stop_a_run(forecast, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "forecast_of", lambda *_: forecast)
    line = opening.announced(SimpleNamespace(dag=None), forecast.config, tmp_path)  # not Snakemake's workflow
    assert line.startswith("No plan: ")


def test_short_run_starts_quietly(forecast, tmp_path):
    workflow = SimpleNamespace(dag=SimpleNamespace(jobs=[]))
    assert opening.announced(workflow, {**forecast.config, "models": {}}, tmp_path) == ""
    assert not (tmp_path / "plan.json").exists()
