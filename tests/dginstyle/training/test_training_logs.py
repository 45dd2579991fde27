"""Logs of a training: pictures, curves and trackers."""

import importlib.util
import sys
import types

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.labels import PALETTE
from dginstyle.training.controlnet import ControlNetTask, LabelledCrops
from dginstyle.training.dreambooth import Dreambooth, SourceImages
from dginstyle.training.loop import start
from dginstyle.training.options import ValidationOptions
from tests.dginstyle.trainings import CONTROLNET, DREAMBOOTH, controlnet, dreambooth, kill, weights

pytestmark = pytest.mark.usefixtures("one_accelerator_a_test")


def test_validation_pictures_and_weights_are_independent_of_interruptions(prior, source, unet, tmp_path):
    validation = ValidationOptions(every=2, images=2, steps=2, guidance=2.0)
    options = CONTROLNET.replace(validation=validation, ema_decay=0.9)
    silent = controlnet(prior, unet, source, tmp_path / "silent", options.replace(validation=None))
    whole = controlnet(prior, unet, source, tmp_path / "whole", options)
    output, state = tmp_path / "killed/controlnet", tmp_path / "killed/state"
    inputs = {"prior": prior, "unet": unet, "data": source, "min_pixels": 4}
    kill("train-controlnet", options, **inputs, output=output, state=state)
    controlnet(prior, unet, source, tmp_path / "killed", options)
    assert weights(output) == weights(whole) == weights(silent)
    pictures = [sorted((folder / "logs/validation").iterdir()) for folder in (tmp_path / "whole/state", state)]
    assert [path.name for path in pictures[0]] == ["0000002.png", "0000004.png"]
    assert [path.read_bytes() for path in pictures[0]] == [path.read_bytes() for path in pictures[1]]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_controlnet_picture_has_labels_source_style_swap_and_source_style(prior, source, unet, precision):
    options = CONTROLNET.replace(precision=precision)
    crops = LabelledCrops(SourceSet(source), options, min_pixels=4, seed=0)
    task = ControlNetTask.load(prior, unet, crops, options, seed=0)
    with start(task, options).evaluated() as network:
        panels = task.painter(network, ValidationOptions(every=1, steps=2))(crops[0])
    assert [title.split(" (")[0] for title in panels] == ["labels", "source image", "style swap", "source style"]
    labels, image, swapped, drawn = panels.values()
    assert {tuple(colour) for colour in labels.reshape(-1, 3)} <= {(0, 0, 0), *map(tuple, PALETTE)}
    np.testing.assert_array_equal(image, crops[0]["image"])
    assert swapped.shape == drawn.shape == (32, 32, 3)
    assert (swapped != drawn).any()


def test_the_dreambooth_picture_has_prior_and_source_style_from_the_same_noise(prior, source):
    options = DREAMBOOTH.replace(precision="bf16")
    images = SourceImages(SourceSet(source), options, 0)
    task = Dreambooth.load(prior, images, options)
    with start(task, options).evaluated() as network:
        panels = task.painter(network, ValidationOptions(every=1, steps=2))(images[0])
    assert list(panels) == ["source image", "prior (U^P)", "source style (U^S)"]
    assert np.abs(panels["prior (U^P)"].astype(int) - panels["source style (U^S)"]).max() <= 8  # nothing learned yet


def test_pictures_curves_and_norms_are_in_tensorboard(prior, source, unet, tmp_path):
    options = CONTROLNET.replace(validation=ValidationOptions(every=4, images=1, steps=1))
    controlnet(prior, unet, source, tmp_path, options)
    events = EventAccumulator(str(tmp_path / "state/logs")).Reload()
    assert events.Tags()["scalars"] == ["loss", "learning rate", "gradient norm"]
    assert [image.step for image in events.Images("validation")] == [4]


def test_report_to_none_writes_no_curves(prior, source, unet, tmp_path):
    dreambooth(prior, source, tmp_path, DREAMBOOTH.replace(report_to="none"))
    assert {path.name for path in (tmp_path / "state/logs").iterdir()} == {"train.log", "runs.jsonl"}
    assert weights(tmp_path / "unet") == weights(unet)


@pytest.mark.skipif(importlib.util.find_spec("wandb") is not None, reason="wandb is installed")
def test_missing_wandb_stops_with_a_message(prior, source, tmp_path):
    with pytest.raises(SystemExit, match="pip install wandb"):
        dreambooth(prior, source, tmp_path, DREAMBOOTH.replace(report_to="wandb"))


def test_a_resumed_training_continues_its_wandb_run(prior, source, tmp_path, monkeypatch):
    """W&B needs an account, so a stand-in records the calls of accelerate's tracker."""
    runs, logged = [], []
    run = types.SimpleNamespace(log=lambda values, step: logged.append((step, *values)), finish=lambda: None)
    wandb = types.SimpleNamespace(init=lambda **words: runs.append(words) or run, Image=lambda picture: picture.shape)
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    options = DREAMBOOTH.replace(report_to="wandb", validation=ValidationOptions(every=2, images=1, steps=1))
    for folder in ("a", "b"):
        dreambooth(prior, source, tmp_path / folder, options)
    assert logged == [(2, "validation"), (4, "loss", "learning rate"), (4, "validation")] * 2
    assert runs[0]["id"] == runs[1]["id"]
    assert runs[0]["resume"] == "allow"
