"""Mask2Former's head: scores, losses and training."""

from pathlib import Path

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from segmodel.models import build_model, load_model, read_config
from segmodel.models.mask2former import present
from segmodel.models.segmentor import pixel_loss
from segmodel.training.trainer import Trainer
from segmodel.training.weights import require_weightable

CONFIGS = Path(__file__).parents[3] / "segmodel" / "configs"


def built(name="dinov2_rein_mini", seed=0):
    return build_model(read_config(CONFIGS / f"{name}.py"), seed)


def samples(labels):
    return [SegDataSample(gt_sem_seg=PixelData(data=label[None])) for label in labels]


def test_classes_of_label_maps_are_those_that_occur():
    assert present(torch.tensor([[13, 2], [255, 2]])).tolist() == [2, 13]


@pytest.mark.parametrize("name", ["dinov2_rein_mini", "dinov2_lora_mini"])
def test_scores_are_sums_over_queries_at_the_size_of_the_image(name):
    model = built(name).eval()
    with torch.inference_mode():
        scores = model.encode_decode(torch.randn(2, 3, 61, 77), [{}] * 2)
    assert scores.shape == (2, 19, 61, 77)
    assert 0 <= scores.min() and scores.sum(1).max() <= 32  # queries


def test_losses_after_each_layer_count_with_the_published_weights():
    model = built()
    labels = torch.randint(0, 19, (2, 64, 64))
    torch.manual_seed(0)
    losses = model.loss(torch.randn(2, 3, 64, 64), samples(labels))
    kinds = ("loss_cross_entropy", "loss_mask", "loss_dice")
    steps = ("", "_0", "_1")  # the last of two layers, the queries before them, and the first layer
    assert losses.keys() == {f"decode.{kind}{step}" for kind in kinds for step in steps}
    assert [model.decode_head._weight(f"{kind}_1") for kind in kinds] == [2.0, 5.0, 5.0]
    assert all(loss > 0 for loss in losses.values())


def test_gradients_reach_all_that_is_trained_and_nothing_that_is_frozen():
    model = built()
    losses = model.loss(torch.randn(2, 3, 64, 64), samples(torch.randint(0, 19, (2, 64, 64))))
    sum(losses.values()).backward()
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert {name for name, parameter in model.named_parameters() if parameter.grad is not None} == trained


def test_scores_are_no_logits_so_that_filters_refuse_the_model():
    assert pixel_loss(built()) is None
    with pytest.raises(SystemExit, match="filter.boundaries weighs the pixels of a single cross entropy"):
        require_weightable(built())


def test_a_batch_without_labelled_pixels_has_finite_losses_and_gradients():
    model = built()
    losses = model.loss(torch.randn(1, 3, 64, 64), samples(torch.full((1, 64, 64), 255)))
    sum(losses.values()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters() if parameter.grad is not None)


@pytest.mark.parametrize("name", ["dinov2_rein_mini", "dinov2_linear_mini"])
def test_interrupted_training_resumes_to_the_same_bytes_without_the_frozen_weights_in_its_state(
    tmp_path, trained, monkeypatch, name
):
    values = {"config": CONFIGS / f"{name}.py", "batch_size": 2}
    step = Trainer.step

    def stopped(self, batch, iteration, factor):
        if iteration == 5:
            raise KeyboardInterrupt
        return step(self, batch, iteration, factor)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "step", stopped)
        trained("resumed", **values)
    saved = torch.load(tmp_path / "state/resumed/last.pt", weights_only=True)["state"]["trainer"]["model"]
    model = built(name)
    assert saved.keys() == {name for name in model.state_dict() if not name.startswith("backbone.vit.")}
    folders = trained("resumed", **values), trained("undisturbed", **values)
    weights = [(folder / "weights.safetensors").read_bytes() for folder in folders]
    assert weights[0] == weights[1]
    load_model(read_config(values["config"]), folders[0] / "weights.safetensors")


def test_training_lowers_the_loss():
    model = built()
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=3e-3)
    images, labels = torch.randn(2, 3, 32, 32), torch.zeros(2, 32, 32, dtype=torch.long)
    labels[:, 16:] = 13
    totals = []
    for _ in range(12):
        total = sum(model.loss(images, samples(labels)).values())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        totals.append(total.item())
    assert sum(totals[-3:]) < 0.9 * sum(totals[:3])
