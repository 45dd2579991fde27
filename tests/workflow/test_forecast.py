"""The plan before the run: its arithmetic against a recorded run, what is done, and the risks that it names."""

import pickle
import resource
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import costs
import networks
import pytest
import rates
import torch
import yaml
from dag import started
from forecast import Forecast
from risks import risks
from schedule import Task, finishing_times
from workloads import Workloads

from tests.workflow.recorded_run import RECORD, recorded

FACTOR = 1.5
LIGHT = {"generate_light_shard": "generate_shard"}
"""Rules that keep the time of their jobs under another's name."""


def planned(folder, *arguments):
    """Return configuration and jobs as `dag.planned` finds them in a process of its own."""
    code = "import pickle, sys; from pathlib import Path; from dag import planned; pickle.dump("
    code += "planned([Path(name) for name in sys.argv[1:]], {}, []), open('jobs', 'wb'))"
    library = Path(rates.__file__).parent
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], cwd=folder, env=environment(library), check=True)
    return pickle.loads((folder / "jobs").read_bytes())


def environment(library):
    import os

    return os.environ | {"PYTHONPATH": f"{library}:{library.parents[1]}"}


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    return planned(tmp_path_factory.mktemp("mini"), RECORD / "config.yaml")


@pytest.fixture(scope="module")
def paper(tmp_path_factory, repository):
    return planned(tmp_path_factory.mktemp("paper"), repository / "config/paper.yaml")


@pytest.fixture(scope="module")
def machine():
    return rates.calibrated(RECORD / "calibration.json")


@pytest.fixture
def forecast(mini, machine):
    return Forecast(*mini, machine)


def recorded_seconds():
    """Return the processor's seconds of the recorded jobs by rule: the machine ran other programs beside them."""
    found = defaultdict(list)
    for job, values in recorded().items():
        found[job.split("/")[0]].append(values["cpu_time"])
    return found


def test_rules_take_what_they_took_in_a_run(forecast):
    taken, plan = recorded_seconds(), defaultdict(float)
    for item in forecast.items:
        plan[LIGHT.get(item.job.rule, item.job.rule)] += item.cost.seconds
    ratios = {rule: plan[rule] / sum(seconds) for rule, seconds in taken.items() if sum(seconds) > 60}
    assert ratios.keys() > {"train_dreambooth", "train_controlnet", "train_segmentation", "generate_shard"}
    assert all(1 / FACTOR < ratio < FACTOR for ratio in ratios.values()), ratios


def test_the_run_takes_what_its_recorded_jobs_take_on_two_cores(forecast):
    taken = {rule: sum(seconds) / len(seconds) for rule, seconds in recorded_seconds().items()}
    means = [taken.get(LIGHT.get(item.job.rule, item.job.rule), 1.0) for item in forecast.items]
    tasks = [Task(mean, item.job.after, {"cores": 1}) for mean, item in zip(means, forecast.items, strict=True)]
    assert 1 / FACTOR < forecast.wall(2, 0) / max(finishing_times(tasks, {"cores": 2})) < FACTOR


def test_memory_covers_what_the_jobs_used(forecast):
    used = defaultdict(float)
    for job, values in recorded().items():
        used[job.split("/")[0]] = max(used[job.split("/")[0]], 1e6 * values["max_rss"])
    for item in forecast.items:
        assert used[item.job.rule] < 1.25 * item.cost.host


def test_more_cards_shorten_the_run_and_not_its_gpu_hours(paper):
    forecast = Forecast(*paper, rates.named(rates.DEFAULT_CARD))
    alone, eight = forecast.wall(16, 1), forecast.wall(128, 8)
    together = sum(item.compute for item in forecast.items if item.cost.gpus)
    longest = max(item.cost.seconds for item in forecast.items)
    assert max(longest, together / 8) < eight < alone / 2 and alone >= together


def test_a_row_takes_its_own_jobs_and_those_that_it_shares(forecast):
    source, generated = forecast.rows
    assert (source.training_set, generated.training_set) == ("source_only", "dginstyle")
    assert source.own == pytest.approx(generated.own)
    generator = sum(
        item.compute for item in forecast.items if item.job.rule in ("train_dreambooth", "train_controlnet")
    )
    assert source.shared < generator < generated.shared


def test_what_is_done_takes_no_more_time(mini, machine):
    config, jobs = mini
    done = ("train_dreambooth", "train_controlnet")
    finished = Forecast(config, [replace(job, started=float(job.rule in done)) for job in jobs], machine)
    whole = Forecast(config, jobs, machine)
    assert finished.rows[1].left < 0.6 * whole.rows[1].left and finished.rows[1].shared == whole.rows[1].shared
    assert finished.wall(2, 0) < 0.7 * whole.wall(2, 0) and finished.disk_left(1) < whole.disk_left(1)


def test_a_saved_state_shortens_its_training(mini, tmp_path, monkeypatch):
    config, steps = mini[0], mini[0]["controlnet"]["steps"]
    monkeypatch.chdir(tmp_path)
    assert started(config, "train_controlnet", {}) == 0
    folder = tmp_path / "results/mini/state/controlnet"
    folder.mkdir(parents=True)
    (folder / "last.pt").write_bytes(b"damaged")
    torch.save({"step": steps // 4}, folder / "last_but_one.pt")
    assert started(config, "train_controlnet", {}) == 0.25


def test_finished_jobs_are_found(plan, tmp_path):
    [first, *_] = [job for job in plan(tmp_path) if job.rule == "render_packages"]
    for file in first.outputs:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    assert [job.rule for job in planned(tmp_path)[1] if job.done] == ["render_packages"]


def test_a_job_takes_no_more_cores_than_there_are(mini, machine):
    config, jobs = mini
    greedy = [replace(job, threads=64) for job in jobs]
    one, two = (Forecast(config, greedy, machine, cores) for cores in (1, 2))
    assert [2 * item.compute for item in one.items] == [item.compute for item in two.items]
    assert one.wall(1, 0) == two.wall(2, 0) == pytest.approx(sum(item.left for item in one.items))


def test_a_disk_that_will_not_do_is_announced(forecast):
    needed = forecast.disk_left(2)
    assert [risk[:21] for risk in risks(forecast, 2, needed - 1, None)] == ["The disk will not do:"]
    assert not list(risks(forecast, 2, needed + 1, None))


def test_a_training_beyond_the_limit_is_announced_with_the_jobs_that_it_takes(paper):
    config, jobs = paper
    slow = replace(rates.named(rates.DEFAULT_CARD), card_memory=None)
    limits = {job.rule: job.limit for job in jobs}
    assert limits["train_controlnet"] == 60 * config["max_runtime"]
    jobs = [replace(job, limit=3600 * 10) if job.rule == "train_controlnet" else job for job in jobs]
    found = risks(Forecast(config, jobs, slow), 1, 1e15, None)
    [risk] = [risk for risk in found if risk.startswith("train_controlnet")]
    hours = (
        next(item.cost.seconds for item in Forecast(*paper, slow).items if item.job.rule == "train_controlnet") / 3600
    )
    assert "may run for 10 h on a cluster: it saves its state, stops there and resumes by itself, in about" in risk
    assert risk.endswith(f"{-int(-hours // 10)} jobs.")


def test_other_jobs_beyond_their_limit_are_announced(forecast, mini, machine):
    config, jobs = mini
    jobs = [replace(job, limit=1.0) if job.rule == "measure_quality" else job for job in jobs]
    [risk] = risks(Forecast(config, jobs, machine), 1, 1e15, None)
    assert risk.startswith("measure_quality takes about") and "--set-resources measure_quality:runtime" in risk


def test_a_machine_and_a_card_that_are_too_small_are_announced(forecast, paper):
    assert any("this machine has 500 MB" in risk for risk in risks(forecast, 1, 1e15, 5e8))
    small = replace(rates.named(rates.DEFAULT_CARD), card_memory=8e9)
    named = [risk for risk in risks(Forecast(*paper, small), 1, 1e15, None) if "its card, and that has 8.0 GB" in risk]
    assert any(risk.startswith("train_segmentation") for risk in named)


@pytest.mark.parametrize("name", ["mini", "paper"])
def test_all_networks_of_a_configuration_are_measured(request, name):
    from calibration import Calibration, name_of

    config, jobs = request.getfixturevalue(name)
    asked = set()

    class Asked(dict):
        def get(self, key, default=None):
            asked.add(key)

    on_gpu = name == "paper"
    machine = rates.Machine(replace(costs.GPU, measured=Asked()), on_gpu, None, "")
    Forecast(config, jobs, machine)
    measured = {name_of(item) for item in Calibration(config).measurements()}
    light = ("/text_encoder/", "//")  # the frozen copy of an encoder has no name
    assert {key for key in asked - measured if not any(part in key for part in light)} == set()


def test_checkpointed_trainings_are_measured_with_the_pass_that_they_repeat(paper):
    from calibration import Calibration

    [item] = [item for item in Calibration(paper[0]).measurements() if item["network"] == "controlnet"]
    network = costs.Network(0, item["batch"] * networks.prior(item["prior"])["controlnet"]["flops"], True, True)
    assert item["checkpointing"] and item["flops"] == pytest.approx(network.training_flops(checkpointing=True))


def test_calibration_measures_what_the_plan_reads(mini, tmp_path, monkeypatch):
    import calibrate
    from calibration import Calibration, name_of

    monkeypatch.setattr(calibrate, "BUDGET", 0.01)
    monkeypatch.setattr(calibrate, "start_seconds", lambda device: 1.0)
    chosen = ("unet", "encoder", "segmodel/configs/segformer_mini.py")
    measurements = [
        {**item, "batch": 1, "threads": torch.get_num_threads()}
        for item in Calibration(mini[0]).measurements()
        if item["network"] in chosen
    ]
    found = calibrate.calibrate(measurements, 8192)
    assert found["flops"].keys() == {name_of(item) for item in measurements}
    assert all(1e8 < rate < 1e13 for rate in found["flops"].values())
    (tmp_path / "calibration.json").write_text(calibrate.json.dumps(found))
    machine = rates.calibrated(tmp_path / "calibration.json")
    assert machine.rates.of("training", "unet", "fp32") == found["flops"]["training/unet/fp32"]


@pytest.mark.parametrize(("model", "seconds"), [("segformer", 0.274), ("daformer", 0.335)])
def test_the_stated_card_trains_as_fast_as_one_that_another_program_timed(paper, model, seconds):
    work = Workloads(paper[0]).segmentation({"model": model, "training_set": "source_only"})
    rate = rates.named(rates.DEFAULT_CARD).rates
    assert 1 / FACTOR < costs.step_seconds(replace(work, tf32=False), rate) / seconds < FACTOR  # on an H200


def test_rates_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "rates.json").write_text("{}")
    with pytest.raises(SystemExit, match=r"rates.json: not written by `snakemake calibrate`"):
        rates.calibrated(tmp_path / "rates.json")
    with pytest.raises(SystemExit, match=r"a1 is no file and none of the machines epyc, h\d00"):
        rates.named("a1")


def test_the_paper_is_planned_in_seconds_without_torch(repository, tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = "import sys; sys.argv[0] = 'plan.py'; import plan; plan.main(); assert 'torch' not in sys.modules"
    command = [sys.executable, "-c", code, "--configfile", str(repository / "config/paper.yaml"), "--gpus", "1", "8"]
    library = Path(rates.__file__).parent
    output = subprocess.run(command, cwd=tmp_path, env=environment(library), capture_output=True, text=True, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert used.ru_utime - before.ru_utime < 20
    lines = output.stdout.splitlines()
    models = yaml.safe_load((repository / "config/paper.yaml").read_text())["models"]
    assert {line.split()[0] for line in lines if line.split()[1:2] == ["dginstyle_hrda"]} <= models.keys()
    for start in (
        "rule ",
        "train_controlnet ",
        "row ",
        "On 1 GPU and 16 cores: ",
        "On 8 GPUs and 128 cores: ",
        "Disk: ",
    ):
        assert any(line.startswith(start) for line in lines), start


@pytest.mark.parametrize(
    ("tasks", "limits", "ends"),
    [
        ([Task(3.0), Task(2.0, frozenset({0}))], {}, [3, 5]),
        ([Task(3.0, needs={"gpus": 1}), Task(2.0, needs={"gpus": 1})], {"gpus": 1}, [3, 5]),
        ([Task(3.0, needs={"gpus": 1}), Task(2.0, needs={"gpus": 1})], {"gpus": 2}, [3, 2]),
        ([Task(3.0, needs={"gpus": 1}), Task(2.0, needs={"gpus": 1}, priority=1)], {"gpus": 1}, [5, 2]),
        ([Task(1.0, needs={"gpus": 8}), Task(1.0, needs={"gpus": 1})], {"gpus": 2}, [1, 2]),
        ([Task(2.0, needs={"gpus": 1}), Task(1.0, needs={"cores": 1})], {"gpus": 1, "cores": 1}, [2, 1]),
    ],
)
def test_tasks_start_when_what_they_need_is_free(tasks, limits, ends):
    assert finishing_times(tasks, limits) == ends


def test_a_task_that_needs_all_there_is_starts_after_any_others():
    tasks = [Task(1.0, needs={"memory": amount}) for amount in (0.3, 0.2, 0.4, 2.0)]
    assert finishing_times(tasks, {"memory": 1.0}) == [1, 1, 1, 2]


def test_a_model_of_ones_own_is_counted_once(repository, tmp_path, monkeypatch):
    own = tmp_path / "own.py"
    own.write_text(f'_base_ = "{repository}/segmodel/configs/segformer_mini.py"\n')
    monkeypatch.setattr(networks, "recorded", lambda known={"models": {}}: known)
    networks.count_others([str(own)], tmp_path / "networks.json")
    counted = networks.recorded()["models"].pop(str(own))
    assert counted["parameters"] == 817_715
    monkeypatch.delattr(networks, "count_model")
    networks.count_others([str(own)], tmp_path / "networks.json")
    assert networks.recorded()["models"] == {str(own): counted}
