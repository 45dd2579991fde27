"""A training step does not wait for the GPU: it reads nothing and sends only its batch; losses are read together."""

import pytest
import torch
from accelerate import Accelerator
from torch._dynamo.utils import counters

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.training.accelerator import Losses
from dginstyle.training.controlnet import ControlNetTask, LabelledCrops
from dginstyle.training.dreambooth import Dreambooth, SourceImages
from dginstyle.training.loop import batches, optimise, start, validation_picture
from dginstyle.training.options import ValidationOptions
from tests.dginstyle.trainings import CONTROLNET, DREAMBOOTH, controlnet
from tests.host import host_access

pytestmark = pytest.mark.usefixtures("one_accelerator_a_test")
META = torch.device("meta")


@pytest.fixture
def dreambooth_task(prior, source):
    return Dreambooth.load(prior, SourceImages(SourceSet(source), DREAMBOOTH, 0), DREAMBOOTH)


@pytest.fixture
def controlnet_task(prior, source, unet):
    crops = LabelledCrops(SourceSet(source), CONTROLNET, min_pixels=4, seed=0)
    return ControlNetTask.load(prior, unet, crops, CONTROLNET, seed=0)


@pytest.mark.parametrize(
    ("task", "options", "tensors"), [("dreambooth_task", DREAMBOOTH, 4), ("controlnet_task", CONTROLNET, 6)]
)
def test_a_step_sends_only_its_batch_and_reads_nothing(request, task, options, tensors):
    """Images and three tensors of noise; the ControlNet's channels for the condition and for the counts."""
    task = request.getfixturevalue(task)
    run = start(task, options)
    batch = next(batches(task, options, run))
    if task.name == "controlnet":
        embedded = {caption: task.text_encoder([caption])[0] for caption in batch["caption"]}
        task._text = lambda caption: embedded[caption].to(META)
    task.network.to(META)
    task.to(META, torch.preserve_format)
    step(task, batch)
    with host_access() as counted:
        step(task, batch)
    assert counted["sent"] == tensors + len(batch.get("caption", ()))  # the stand-in for the cached embeddings


def step(task, batch):
    """Compute loss, gradients and counts; no value can be read on the meta device."""
    task.loss(task.network, batch).backward()
    task.counts(batch)


def test_an_optimiser_step_reads_nothing(dreambooth_task):
    run = start(dreambooth_task, DREAMBOOTH)
    stream = batches(dreambooth_task, DREAMBOOTH, run)
    optimise(dreambooth_task, DREAMBOOTH, run, stream)
    with host_access() as counted:
        loss, _ = optimise(dreambooth_task, DREAMBOOTH, run, stream)
        assert counted["read"] == 0
        loss.item()
    assert counted["read"] == 1


def test_losses_are_read_every_25_steps_with_their_steps():
    losses = Losses(Accelerator(cpu=True))
    assert [step for step in range(1, 61) if losses.due(step)] == [25, 50]
    for number in (1, 2, 3):
        losses.add(number, torch.tensor(number / 2, requires_grad=True))
    assert losses.read() == [(1, 0.5), (2, 1.0), (3, 1.5)]
    assert losses.read() == []


def test_the_log_has_the_mean_of_all_losses_and_pixels_of_all_steps(prior, source, unet, tmp_path):
    controlnet(prior, unet, source, tmp_path / "often", CONTROLNET.replace(checkpoint_every=1))
    controlnet(prior, unet, source, tmp_path / "once", CONTROLNET.replace(checkpoint_every=4))
    logs = [(tmp_path / name / "state/logs/train.log").read_text() for name in ("often", "once")]
    means = [text.split("step 4/4, loss ")[1].split(",")[0] for text in logs]
    assert means[0] == means[1]
    pixels = [(tmp_path / name / "controlnet/class_pixels.json").read_text() for name in ("often", "once")]
    assert pixels[0] == pixels[1]


def test_a_caption_is_embedded_once(controlnet_task, monkeypatch):
    run, embedded = start(controlnet_task, CONTROLNET), []
    encode = type(controlnet_task.text_encoder).__call__
    monkeypatch.setattr(
        type(controlnet_task.text_encoder), "__call__", lambda own, texts: embedded.append(texts) or encode(own, texts)
    )
    stream = batches(controlnet_task, CONTROLNET, run)
    for _ in range(4):
        optimise(controlnet_task, CONTROLNET, run, stream)
    assert len(embedded) == len({texts[0] for texts in embedded}) < 8


@pytest.mark.parametrize(
    ("task", "options", "module"),
    [("dreambooth_task", DREAMBOOTH, "dreambooth"), ("controlnet_task", CONTROLNET, "controlnet")],
)
def test_a_validation_picture_loads_the_prior_once(request, monkeypatch, task, options, module):
    task, loads = request.getfixturevalue(task), []
    place = f"dginstyle.training.{module}.load"
    load = __import__(f"dginstyle.training.{module}", fromlist=["load"]).load
    monkeypatch.setattr(place, lambda *arguments: loads.append(arguments) or load(*arguments))
    validation_picture(task, ValidationOptions(every=1, images=3, steps=1), start(task, options))
    assert len(loads) == 1


@pytest.mark.parametrize(
    ("task", "options"), [("dreambooth_task", DREAMBOOTH), ("controlnet_task", CONTROLNET.replace(warmup=0))]
)
def test_compiled_networks_train_alike_without_graph_breaks(request, monkeypatch, task, options):
    def losses(compiled):
        fresh = request.getfixturevalue(task)
        fresh.network.load_state_dict(weights)
        run = start(fresh, options.replace(compile=compiled))
        stream = batches(fresh, options, run)
        return [optimise(fresh, options, run, stream)[0].item() for _ in range(2)]

    weights = {name: value.clone() for name, value in request.getfixturevalue(task).network.state_dict().items()}
    compile = torch.compile
    monkeypatch.setattr(torch, "compile", lambda call: compile(call, backend="eager"))
    torch._dynamo.reset()
    counters.clear()
    plain = losses(compiled=False)
    assert losses(compiled=True) == pytest.approx(plain, rel=1e-5)
    assert counters["frames"]["ok"] >= 2
    assert not counters["graph_break"]
