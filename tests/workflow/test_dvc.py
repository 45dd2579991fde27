"""DVC stages: consistent with the rules; reproduced, shared and changed as a user would, with few steps."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from tests.workflow.stages_and_rules import require_agreement

FEW_STEPS = {
    "targets": ["cityscapes"],
    "quality": None,
    "seeds": [0],
    "training_sets": {"dginstyle": {"source": {"images": 8}}},
}
pytestmark = pytest.mark.slow
TRAINING = "train-segformer_mini-dginstyle-0"


@pytest.fixture(scope="module")
def program():
    """Run a program of this environment in a folder and check that it succeeds."""

    def run(folder, *command):
        result = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr

    return run


def environment():
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    git = {f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return os.environ | git | {"PATH": path, "DVC_NO_ANALYTICS": "true"}


@pytest.fixture(scope="module")
def empty_clone(program, repository, tmp_path_factory):
    """A clone of this project with few training steps and a local DVC remote."""
    clone = tmp_path_factory.mktemp("dvc") / "clone"
    listed = program(repository, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, listed):
        if (repository / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository / name, clone / name)
    config = yaml.safe_load((clone / "config/config.yaml").read_text())
    for changes in (yaml.safe_load((clone / "config/smoke.yaml").read_text()), FEW_STEPS):
        update_config(config, changes)
    (clone / "config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (clone / "dvc.lock").unlink(missing_ok=True)
    program(clone, sys.executable, "workflow/lib/stages.py", "config/config.yaml", "dvc.yaml")
    for command in ("git init --quiet", "git add --all", "git commit --quiet --message few-steps"):
        program(clone, *command.split())
    return clone


@pytest.fixture(scope="module")
def reproduced(program, empty_clone):
    """The clone after ``dvc repro``, ``git commit`` and ``dvc push``."""
    program(empty_clone, "dvc", "repro")
    program(empty_clone, "git", "add", "dvc.lock")
    program(empty_clone, "git", "commit", "--quiet", "--message", "reproduced")
    program(empty_clone, "dvc", "push")
    return empty_clone


def test_plots_show_the_losses_of_all_trainings(program, reproduced):
    shown = program(reproduced, "dvc", "plots", "show", "--json")
    for name in ("dreambooth", "controlnet", "segformer_mini"):
        assert f"loss of {name}" in shown
    assert len(list((reproduced / "results/curves").rglob("*.csv"))) == 4


@pytest.fixture
def second_clone(program, reproduced, tmp_path):
    """A clone of the reproduced one, with the same remote and no data."""
    folder = reproduced.parent / tmp_path.name
    program(reproduced, "git", "clone", "--quiet", ".", str(folder))
    return folder


def change(clone, section, entry, **values):
    """Change values of an entry in the clone's configuration."""
    path = clone / "config/config.yaml"
    config = yaml.safe_load(path.read_text())
    config[section][entry] |= values
    path.write_text(yaml.safe_dump(config, sort_keys=False))


@pytest.mark.parametrize(("config", "stages"), [("config.yaml", "dvc.yaml"), ("paper.yaml", "paper_pipeline/dvc.yaml")])
def test_stages_in_the_repository_are_up_to_date(program, repository, tmp_path, config, stages):
    # Written to the same depth, so that relative paths are the same.
    made = repository / stages.replace("dvc.yaml", f"{tmp_path.name}.partial")
    try:
        program(repository, sys.executable, "workflow/lib/stages.py", f"config/{config}", str(made))
        assert made.read_text() == (repository / stages).read_text(), "run `make stages`"
    finally:
        made.unlink(missing_ok=True)


def test_lock_in_the_repository_matches_the_configuration(repository, config):
    stages = yaml.safe_load((repository / "dvc.yaml").read_text())["stages"]
    locked = yaml.safe_load((repository / "dvc.lock").read_text())["stages"]
    assert locked.keys() == stages.keys()
    for name, stage in stages.items():
        for file, keys in stage["params"][0].items():
            given = {key: value_at(config, key) for key in keys}
            assert locked[name]["params"][file] == given, f"{name}: run snakemake, then make track"


def value_at(config, key):
    for part in key.split("."):
        config = config[part]
    return config


def test_stages_and_rules_agree(plan, repository, tmp_path):
    stages = yaml.safe_load((repository / "dvc.yaml").read_text())["stages"]
    require_agreement(stages, plan(tmp_path))


def test_third_party_data_are_neither_cached_nor_pushed(repository):
    stages = yaml.safe_load((repository / "paper_pipeline/dvc.yaml").read_text())["stages"]
    data = {name: stage for name, stage in stages.items() if name.startswith(("data-", "statistics-"))}
    assert data
    for stage in data.values():
        assert all(next(iter(out.values())) == {"cache": False} for out in stage["outs"])


def test_complete_run_without_dvc_can_be_tracked(program, reproduced, second_clone):
    program(second_clone, "make", "INSTALLED=", "pull")
    program(second_clone, "make", "INSTALLED=", "track")
    assert "Nothing to be done" in program(second_clone, "snakemake", "--dry-run")
    change(second_clone, "generators", "dginstyle", guidance=2.5)
    refused = subprocess.run(
        ["make", "INSTALLED=", "track"], cwd=second_clone, env=environment(), capture_output=True, text=True
    )
    assert refused.returncode != 0
    assert "run snakemake first" in refused.stderr
    assert (second_clone / "dvc.lock").read_bytes() == (reproduced / "dvc.lock").read_bytes()


def test_second_repro_runs_nothing(program, reproduced):
    printed = program(reproduced, "dvc", "repro")
    assert "Data and pipelines are up to date." in printed
    assert "Running stage" not in printed
    assert "Data and pipelines are up to date." in program(reproduced, "dvc", "status")


def test_clone_pulls_and_has_nothing_to_do(program, second_clone):
    program(second_clone, "make", "INSTALLED=", "pull")  # in this environment
    assert "Nothing to be done" in program(second_clone, "snakemake", "--dry-run")
    assert "Data and pipelines are up to date." in program(second_clone, "dvc", "status")


def test_empty_clone_reproduces_from_the_remote_without_running(program, reproduced, second_clone):
    assert "Running stage" not in program(second_clone, "dvc", "repro", "--pull")
    for name in ("dg_miou.csv", "metrics.json"):
        assert (second_clone / "results" / name).read_bytes() == (reproduced / "results" / name).read_bytes()


def test_changed_generation_option_reruns_only_its_dependents(program, second_clone):
    program(second_clone, "dvc", "repro", "--pull")
    program(second_clone, "snakemake", "--touch", "--forceall")
    change(second_clone, "generators", "dginstyle", guidance=2.5)
    planned = program(second_clone, "snakemake", "--dry-run", "--quiet", "host")
    assert "rule generate_shard" in planned
    assert "rule train_segmentation" in planned
    assert "train_dreambooth" not in planned
    assert "train_controlnet" not in planned
    printed = program(second_clone, "dvc", "repro")
    run = {line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")}
    assert run == {"generate-dginstyle", "training_set-dginstyle", TRAINING, "evaluate"}
    assert "Nothing to be done" in program(second_clone, "snakemake", "--dry-run")
    recorded = yaml.safe_load((second_clone / "dvc.lock").read_text())["stages"]["generate-dginstyle"]["params"]
    assert recorded["config/config.yaml"]["generators.dginstyle.guidance"] == 2.5


def test_execution_options_make_no_stage_stale(program, second_clone):
    program(second_clone, "dvc", "repro", "--pull")
    change(second_clone, "models", "segformer_mini", checkpoint_every=1)
    change(second_clone, "generators", "dginstyle", batch_size=1)
    path = second_clone / "config/config.yaml"
    path.write_text(path.read_text().replace("controlnet:\n", "controlnet:\n  workers: 1\n  report_to: none\n"))
    assert yaml.safe_load(path.read_text())["controlnet"]["workers"] == 1
    (second_clone / "dginstyle/demo.py").write_text("# no stage runs this\n")
    assert "Data and pipelines are up to date." in program(second_clone, "dvc", "status")


def test_interrupted_training_is_resumed(program, second_clone):
    program(second_clone, "dvc", "repro", "--pull")
    change(second_clone, "models", "segformer_mini", iterations=150, checkpoint_every=5)
    folder = second_clone / "results/smoke"
    state = folder / "state/segmentation/segformer_mini/dginstyle/seed0/last.pt"
    process = subprocess.Popen(
        ["dvc", "repro", "--single-item", TRAINING],
        cwd=second_clone,
        env=environment(),
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored if pytest runs in the background
    )
    try:
        while not state.exists():
            assert process.poll() is None, "the training ended before it saved a state"
            time.sleep(0.1)
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
        process.wait()
    assert not (folder / "segmentation/segformer_mini/dginstyle/seed0/weights.safetensors").exists()
    program(second_clone, "dvc", "repro", "--single-item", TRAINING)
    log = (folder / "segmentation/segformer_mini/dginstyle/seed0/logs/train.log").read_text()
    assert "resuming after step" in log
