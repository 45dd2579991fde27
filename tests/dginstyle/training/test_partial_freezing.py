"""Partial freezing of the ControlNet trains the published parameters."""

import pytest
import torch
from diffusers import ControlNetModel, UNet2DConditionModel

from dginstyle.training.controlnet import ControlNetTask, init_controlnet
from tests.dginstyle.trainings import CONTROLNET, controlnet

pytestmark = pytest.mark.usefixtures("one_accelerator_a_test")


@pytest.mark.parametrize(
    ("trained", "parts"),
    [
        ("condition", {"controlnet_cond_embedding", "controlnet_down_blocks", "controlnet_mid_block"}),
        ("condition_first_block", {"down_blocks.0"}),
        ("condition_mid_block", {"mid_block"}),
    ],
)
def test_a_partially_frozen_controlnet_changes_only_in_its_trained_parts(prior, unet, source, tmp_path, trained, parts):
    options = CONTROLNET.replace(trained=trained, steps=2)
    after = ControlNetModel.from_pretrained(controlnet(prior, unet, source, tmp_path, options)).state_dict()
    before = init_controlnet(UNet2DConditionModel.from_pretrained(unet), (8, 8), factor=2, seed=0).state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    always = {"controlnet_cond_embedding", "controlnet_down_blocks", "controlnet_mid_block"}
    assert {name.split(".")[0] for name in changed} == always | {part.split(".")[0] for part in parts}
    assert not any(name.startswith(("down_blocks.1", "conv_in", "time_embedding")) for name in changed)


@pytest.mark.parametrize(
    ("trained", "millions"),
    [("all", 361.3), ("condition", 12.6), ("condition_first_block", 23.1), ("condition_mid_block", 109.6)],
)
def test_partial_freezing_trains_the_published_number_of_parameters(trained, millions):
    with torch.device("meta"):
        network = ControlNetModel(conditioning_channels=20, cross_attention_dim=768, attention_head_dim=8)
    task = ControlNetTask("", network, None, None, None, None, None, trained)
    counts = [parameter.numel() for name, parameter in network.named_parameters() if task.trains(name)]
    assert sum(counts) / 1e6 == pytest.approx(millions, abs=0.05)
