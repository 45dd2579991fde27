import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from mmseg.models import EncoderDecoder
from PIL import Image
from safetensors.torch import load_file

from segmodel.models import build_model, load_model, read_config
from segmodel.system_errors import sentence
from segmodel.training.data import TrainingStream
from segmodel.training.trainer import Trainer
from tests.disks import nearly_full
from tests.states import copied, damage


def _bytes(folder):
    return [(folder / name).read_bytes() for name in ("weights.safetensors", "training.json")]


def test_same_run_twice_gives_the_same_bytes(trained):
    assert _bytes(trained("first")) == _bytes(trained("second"))


def test_data_loader_workers_change_nothing(trained):
    assert _bytes(trained("first")) == _bytes(trained("second", workers=2))


def test_another_seed_gives_other_weights(trained):
    assert _bytes(trained("first"))[0] != _bytes(trained("second", seed=1))[0]


def test_run_killed_with_sigkill_resumes_to_the_same_bytes(tmp_path, trained, mixed_set, options):
    changed = {"iterations": 60, "checkpoint_every": 5}
    values = json.dumps({**options.model_dump(mode="json"), **changed}, default=str)
    state = tmp_path / "state" / "killed"
    command = ["-m", "segmodel", "train", "--model", "tiny", "--data", mixed_set, "--output", tmp_path / "killed"]
    command += ["--state", state, "--options", values, "--seed", "0"]
    process = subprocess.Popen([sys.executable, *map(str, command)], stderr=subprocess.DEVNULL)
    while not (state / "last.pt").exists():
        assert process.poll() is None
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "weights.safetensors").exists()
    resumed, undisturbed = trained("killed", **changed), trained("undisturbed", **changed)
    assert "resuming after step" in (resumed / "logs" / "train.log").read_text()
    assert _bytes(resumed) == _bytes(undisturbed)


def test_terminated_run_saves_its_state_and_resumes_to_the_same_bytes(trained, monkeypatch, tmp_path):
    step = Trainer.step

    def terminated(self, batch, iteration, factor):
        if iteration == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, batch, iteration, factor)

    with monkeypatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(Trainer, "step", terminated)
        trained("terminated", workers=1)
    assert end.value.code == 143
    assert "terminated: state saved after step 3" in (tmp_path / "terminated/logs/train.log").read_text()
    assert _bytes(trained("terminated")) == _bytes(trained("undisturbed"))


@pytest.mark.reliability(
    "a data loading process of a segmentation training is killed, as for memory",
    "one sentence; the same command resumes and ends with the same bytes",
)
def test_a_training_whose_data_loading_process_is_killed_resumes(tmp_path, trained, monkeypatch):
    item = TrainingStream.__getitem__

    def deadly(self, position):
        if position == 18:
            while not (tmp_path / "state/killed/last.pt").exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        return item(self, position)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError) as caught:
        patch.setattr(TrainingStream, "__getitem__", deadly)
        trained("killed", workers=1)
    assert "use fewer workers, then run the same command again" in sentence(caught.value)
    resumed = trained("killed")
    assert re.search("resuming after step [24] of 6", (resumed / "logs/train.log").read_text())
    assert _bytes(resumed) == _bytes(trained("undisturbed"))


@pytest.mark.reliability(
    "the disk is full when a segmentation training saves its state or its weights (a file system of 20 kB)",
    "one sentence; with more room, the same command resumes and ends with the same bytes",
)
@pytest.mark.parametrize("place", ["state", "killed"])
def test_a_training_on_a_full_disk_resumes_once_there_is_room(tmp_path, trained, place):
    changed = {"report_to": "none"}
    with nearly_full(tmp_path / place, 20) as make_room:
        with pytest.raises((OSError, RuntimeError)) as caught:
            trained("killed", **changed)
        assert re.search("(No space left on device|File too large); ", sentence(caught.value))
        make_room()
        assert _bytes(trained("killed", **changed)) == _bytes(trained("undisturbed", **changed))


@pytest.fixture
def interrupted(trained, monkeypatch):
    """Train under a name until the sixth iteration, when two checkpoints exist."""

    def call(name, **changed):
        step = Trainer.step

        def stopped(self, batch, iteration, factor):
            if iteration == 5:
                raise KeyboardInterrupt
            return step(self, batch, iteration, factor)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Trainer, "step", stopped)
            trained(name, **changed)

    return call


def test_training_falls_back_from_a_damaged_checkpoint_to_the_one_before(tmp_path, trained, interrupted):
    undisturbed = trained("undisturbed")
    interrupted("damaged")
    damage(tmp_path / "state/damaged/last.pt")
    resumed = trained("damaged")
    assert "resuming after step 2 of 6" in (resumed / "logs/train.log").read_text()
    assert _bytes(resumed) == _bytes(undisturbed)


@pytest.mark.reliability(
    "a training set is copied, with new times, while a segmentation training is interrupted",
    "resumed to the same bytes",
)
def test_training_resumes_on_a_copied_set_to_the_same_bytes(tmp_path, trained, interrupted, mixed_set):
    undisturbed = trained("undisturbed")
    interrupted("moved")
    for name in ("gta", "generated"):
        copied(tmp_path / name, tmp_path / "elsewhere")
    resumed = trained("moved", data=Path(shutil.copy(mixed_set, tmp_path / "elsewhere")))
    assert "resuming after step 4 of 6" in (resumed / "logs/train.log").read_text()
    assert _bytes(resumed) == _bytes(undisturbed)


@pytest.mark.reliability(
    "an option or the seed of a segmentation training changes between two resumed steps",
    "one sentence that names it",
)
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seed": 1}, "seed was 0 and is 1"),
        ({"learning_rate": 0.5}, "learning_rate was 0.001 and is 0.5"),
    ],
)
def test_checkpoint_of_other_options_stops_and_names_them(tmp_path, trained, interrupted, changed, words):
    interrupted("first")
    with pytest.raises(SystemExit, match=rf"{words}; undo the change, or delete \S*state/first to start over"):
        trained("first", **changed)


@pytest.mark.reliability(
    "an image is replaced by another while a segmentation training is interrupted",
    "one sentence that names it",
)
def test_checkpoint_of_another_image_names_it(tmp_path, trained, interrupted):
    interrupted("first")
    shutil.copy(tmp_path / "gta/1.png", tmp_path / "gta/0.png")
    with pytest.raises(SystemExit, match="the file gta/0.png has changed"):
        trained("first")


@pytest.mark.reliability(
    "the loss of a segmentation training becomes NaN",
    "one sentence; the last good state stays, from which the training ends with the same bytes",
)
def test_non_finite_loss_stops_and_keeps_the_checkpoint(tmp_path, trained, interrupted, monkeypatch):
    undisturbed = trained("undisturbed")
    with (
        monkeypatch.context() as patch,
        pytest.raises(SystemExit, match="the loss is nan at step 4; the last good .* step 2"),
    ):
        patch.setattr(EncoderDecoder, "parse_losses", _nan_in_the_fourth(EncoderDecoder.parse_losses))
        trained("first")
    assert _bytes(trained("first")) == _bytes(undisturbed)


@pytest.mark.reliability(
    "weights of a segmentation training become infinite in its last step",
    "one sentence, and no weights",
)
def test_weights_that_are_not_finite_at_the_end_stop_with_the_last_good_state(tmp_path, trained):
    with pytest.raises(SystemExit, match="tensors are not finite after step 1, such as model.*no state was saved"):
        trained("first", iterations=1, warmup=0, learning_rate=1e39)
    assert not (tmp_path / "first/weights.safetensors").exists()


def _nan_in_the_fourth(parse):
    calls = []

    def parsed(self, losses):
        calls.append(1)
        loss, log = parse(self, losses)
        return (loss * float("nan") if len(calls) == 4 else loss), log

    return parsed


def test_checkpoints_are_deleted_at_the_end(tmp_path, trained):
    trained("first")
    assert not list((tmp_path / "state" / "first").iterdir())


def test_record_counts_the_samples_of_each_origin(trained):
    record = json.loads((trained("first", iterations=5) / "training.json").read_text())
    assert record["images"] == {"dginstyle": 4, "source": 6}
    assert record["samples_seen"] == {"dginstyle": 8, "source": 12}
    assert (record["training_set"], record["iterations"], record["seed"]) == ("dginstyle", 5, 0)


def test_log_states_the_share_of_generated_images(trained):
    log = (trained("first", iterations=2) / "logs" / "train.log").read_text()
    assert "6 source and 4 generated images, 40.0 % generated" in log


def test_loss_falls(trained):
    losses = [json.loads((trained(f"of{n}", iterations=n) / "training.json").read_text())["loss"] for n in (2, 40)]
    assert losses[1] < 0.9 * losses[0]


def test_training_set_without_the_named_generator_is_rejected(tmp_path, trained, write_pairs, write_table):
    rows = [(*row, "source") for row in write_pairs(tmp_path / "only", 4, (32, 64))]
    with pytest.raises(SystemExit, match="no images of generator dginstyle"):
        trained("first", data=write_table(tmp_path / "source_only.csv", rows), generator="dginstyle")


def test_run_that_saw_no_generated_image_fails(tmp_path, trained, write_pairs, write_table):
    rows = [(*row, "source") for row in write_pairs(tmp_path / "much", 30, (32, 64))]
    rows += [(*row, "dginstyle") for row in write_pairs(tmp_path / "little", 1, (16, 16))]
    with pytest.raises(SystemExit, match="no generated image .* was sampled"):
        trained("first", data=write_table(tmp_path / "set.csv", rows), iterations=1, batch_size=1)
    assert not (tmp_path / "first" / "weights.safetensors").exists()


def test_precision_bf16_trains(trained):
    assert json.loads((trained("first", precision="bf16") / "training.json").read_text())["loss"] > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_precision_fp16_without_gpu_is_rejected(trained):
    with pytest.raises(SystemExit, match="fp16 does not work on this machine .it needs a GPU"):
        trained("first", precision="fp16")


def test_initial_weights_depend_on_the_seed_only(options):
    config = read_config(options.config)
    first, same, other = (build_model(config, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_weights_load_into_the_model(trained, options):
    weights = trained("first") / "weights.safetensors"
    model = load_model(read_config(options.config), weights)
    assert not model.training
    assert torch.equal(model.decode_head.conv_seg.weight, load_file(weights)["decode_head.conv_seg.weight"])


def test_weights_of_another_model_are_rejected(tmp_path, trained, options):
    weights = trained("first") / "weights.safetensors"
    other = tmp_path / "other.py"
    other.write_text(options.config.read_text().replace("channels=8", "channels=4"))
    with pytest.raises(SystemExit, match="does not fit .*other.py"):
        load_model(read_config(other), weights)


def test_a_set_without_a_pixel_of_a_class_stops_before_training(tmp_path, trained, write_pairs, write_table):
    rows = [(*row, "source") for row in write_pairs(tmp_path / "void", 2, (16, 16))]
    for _, label, _ in rows:
        Image.new("L", (16, 16), 255).save(tmp_path / label)
    with pytest.raises(SystemExit, match="void.csv: no pixel of its label maps has a class: nothing to learn"):
        trained("void", data=write_table(tmp_path / "void.csv", rows))
