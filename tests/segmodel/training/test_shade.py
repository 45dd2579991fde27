"""SHADE in a training: prototypes, resuming and backward passes."""

import copy
import json
from collections import Counter

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch._dynamo.utils import counters

from segmodel.models import build_model, read_config
from segmodel.models.style_hallucination import StyleHallucination
from segmodel.training.accelerator import make_accelerator
from segmodel.training.data import Geometry, SourceCrops, TrainingStream
from segmodel.training.options import Presentation, ShadeOptions
from segmodel.training.shade import Shade
from segmodel.training.trainer import Trainer

GEOMETRY = Geometry(crop=(16, 16), source_size=(16, 32), cat_max_ratio=1.0)
SHADE = {"refresh_every": 4}


def _bytes(folder):
    return [(folder / name).read_bytes() for name in ("weights.safetensors", "training.json")]


@pytest.fixture
def selections(monkeypatch):
    """The style vectors of each selection of prototypes."""
    found, select = [], StyleHallucination.select_prototypes

    def recorded(self, vectors, first):
        found.append((vectors, first))
        select(self, vectors, first)

    monkeypatch.setattr(StyleHallucination, "select_prototypes", recorded)
    return found


def test_training_changes_and_its_weights_have_the_same_names(trained):
    plain, styled = (trained(name, shade=shade) for name, shade in (("plain", None), ("styled", SHADE)))
    assert load_file(plain / "weights.safetensors").keys() == load_file(styled / "weights.safetensors").keys()
    losses = [json.loads((folder / "training.json").read_text())["loss"] for folder in (plain, styled)]
    assert losses[0] != losses[1]


def test_precision_bf16_trains(trained):
    assert json.loads((trained("run", shade=SHADE, precision="bf16") / "training.json").read_text())["loss"] > 0


def test_prototypes_are_selected_before_the_first_step_and_at_each_interval(trained, selections):
    folder = trained("run", shade=SHADE, iterations=9)
    assert [len(vectors) for vectors, _ in selections] == [6, 6, 6]  # steps 0, 4 and 8; source images only
    assert not torch.equal(selections[0][0], selections[1][0])
    assert "step 8: selected 8 styles from 6 source images" in (folder / "logs/train.log").read_text()


def test_interrupted_run_resumes_to_the_same_bytes(trained, selections, monkeypatch):
    undisturbed = trained("undisturbed", shade=SHADE)
    step = Trainer.step

    def stopped(self, batch, iteration, factor):
        if iteration == 3:  # one after the checkpoint, with the prototypes of step 0
            raise KeyboardInterrupt
        return step(self, batch, iteration, factor)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "step", stopped)
        trained("resumed", shade=SHADE)
    selections.clear()
    resumed = trained("resumed", shade=SHADE)
    assert len(selections) == 1  # step 4
    assert "resuming after step 2 of 6" in (resumed / "logs/train.log").read_text()
    assert _bytes(resumed) == _bytes(undisturbed)


def test_crops_for_the_styles_show_every_source_image_once_without_rare_class_sampling(mixed_set):
    stream = TrainingStream(mixed_set, GEOMETRY, seed=0)
    crops = [SourceCrops(stream, iteration) for iteration in (0, 0, 4)]
    shown = Counter(sample["data_samples"].img_path for sample in (crops[0][index] for index in range(6)))
    assert len(crops[0]) == 6 and set(shown.values()) == {1}
    images = [[one[index]["inputs"].numpy() for index in range(6)] for one in crops]
    assert all(np.array_equal(*pair) for pair in zip(images[0], images[1], strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(images[0], images[2], strict=True))


@pytest.fixture
def trainer(mixed_set, options):
    """Return a trainer with SHADE and a batch: ``trainer(backward)``."""

    def call(backward):
        stream, accelerator = TrainingStream(mixed_set, GEOMETRY, seed=0), make_accelerator("fp32")
        config = read_config(options.config)
        config.merge_from_dict({"model.distance": dict(classes=tuple(range(19)), min_share=0.0)})
        network = build_model(config, seed=0)
        shade = Shade(network, stream, ShadeOptions(backward=backward), options, accelerator)
        made = Trainer(network, torch.optim.SGD(network.parameters(), lr=1.0), accelerator, 0, shade)
        for group in made.optimiser.param_groups:
            group["initial_lr"] = 0.0
        samples = [stream[position] for position in range(4)]
        return made, {key: [sample[key] for sample in samples] for key in ("inputs", "data_samples")}

    return call


def test_style_vectors_are_those_of_the_crops_in_order(trainer):
    made, _ = trainer("shared")
    vectors, crops = made.shade.style_vectors(4), SourceCrops(made.shade.stream, 4)
    assert made.model.training
    made.model.eval()
    for vector, crop in zip(vectors, (crops[index] for index in range(6)), strict=True):
        image = made.model.data_preprocessor({"inputs": [crop["inputs"]]})["inputs"]
        first = made.model.backbone(image)[0].flatten(2)  # (1, C, L)
        torch.testing.assert_close(vector, torch.cat([first.mean(2), first.std(2)], dim=1)[0])


def test_shared_and_separate_backward_passes_have_equal_losses_and_gradients(trainer):
    losses, gradients = {}, {}
    for backward in ("shared", "separate"):
        made, batch = trainer(backward)
        losses[backward] = made.step(batch, 0, 1.0)
        gradients[backward] = [parameter.grad for parameter in made.model.parameters()]
    assert losses["shared"] == losses["separate"]
    assert all(gradient.abs().sum() > 0 for gradient in gradients["shared"] if gradient.ndim > 1)
    torch.testing.assert_close(gradients["separate"], gradients["shared"], rtol=1e-4, atol=1e-6)


def test_compiled_network_trains_alike(trainer, monkeypatch):
    compile = torch.compile
    monkeypatch.setattr(torch, "compile", lambda call: compile(call, backend="eager"))
    losses = []
    for compiled in (False, True):
        made, batch = trainer("shared")
        if compiled:
            torch._dynamo.reset()
            counters.clear()
            made.compile()
        losses.append([made.step(copy.deepcopy(batch), iteration, 1.0).item() for iteration in range(2)])
    assert counters["frames"]["ok"] >= 3  # the encoder before and after the draw of the styles, and the head
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_set_without_source_images_is_refused(tmp_path, write_pairs, write_table):
    rows = [(*row, "dginstyle") for row in write_pairs(tmp_path / "generated", 2, (16, 16))]
    with pytest.raises(SystemExit, match="shade needs source images"):
        TrainingStream(write_table(tmp_path / "set.csv", rows), GEOMETRY, 0, Presentation(shade=SHADE))


def test_plain_encoder_decoder_is_refused(tmp_path, trained, options):
    config = tmp_path / "plain.py"
    config.write_text(options.config.read_text().replace('"Segmentor"', '"EncoderDecoder"'))
    with pytest.raises(SystemExit, match="shade works with models of type Segmentor or HRDASegmentor"):
        trained("run", shade=SHADE, config=config)
