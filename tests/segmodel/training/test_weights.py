"""Weights of pixels in the loss."""

from pathlib import Path

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.nn.functional import cross_entropy, interpolate

from segmodel.models import build_model, read_config
from segmodel.training.weights import require_weightable

torch.manual_seed(0)
LABELS = torch.randint(0, 19, (2, 1, 16, 16))
LABELS[0, 0, 0] = 255
WEIGHTS = torch.rand(1, 16, 16)


def samples(weighted=True):
    """Return the samples of two images, the second one with weights."""
    made = []
    for index, label in enumerate(LABELS):
        sample = SegDataSample(gt_sem_seg=PixelData(data=label))
        if weighted and index:
            sample.gt_weights = PixelData(data=WEIGHTS)
        made.append(sample)
    return made


@pytest.fixture
def network(options):
    return build_model(read_config(options.config), seed=0)


def test_the_loss_is_the_weighted_cross_entropy_and_that_of_other_images_stays(network):
    logits = torch.randn(2, 19, 8, 8)
    full = interpolate(logits, (16, 16), mode="bilinear", align_corners=False)
    each = cross_entropy(full, LABELS[:, 0], ignore_index=255, reduction="none")
    losses = network.segmentation_loss(logits, samples())
    assert losses["decode.loss_ce"] == pytest.approx((each[0].sum() + (each[1] * WEIGHTS[0]).sum()).item() / 512)
    assert network.segmentation_loss(logits, samples(weighted=False))["decode.loss_ce"] == pytest.approx(
        each.mean().item()
    )


def test_hrda_weighs_both_of_its_losses():
    hrda = build_model(read_config(Path("segmodel/configs/hrda_mini.py")), seed=0)
    inputs = torch.randn(2, 3, 64, 64)
    weighted, plain = [], []
    for found, weight in ((weighted, 2.0), (plain, 1.0)):
        batch = [SegDataSample(gt_sem_seg=PixelData(data=torch.zeros(1, 64, 64, dtype=torch.int64))) for _ in range(2)]
        for sample in batch:
            sample.gt_weights = PixelData(data=torch.full((1, 64, 64), weight))
        torch.manual_seed(0)
        losses = hrda.eval().loss(inputs, batch)
        found += [losses["decode.loss_ce"].item(), losses["decode.loss_detail"].item()]
    assert weighted == pytest.approx([2 * loss for loss in plain])


@pytest.mark.parametrize(("part", "value"), [("sampler", object()), ("loss_decode", None)])
def test_a_model_whose_loss_takes_no_weights_is_refused(network, part, value):
    require_weightable(network)
    setattr(network.decode_head, part, value)
    with pytest.raises(SystemExit, match="filter.boundaries weighs the pixels of a single cross entropy"):
        require_weightable(network)
