"""ControlNets kept from earlier steps: the same bytes as a shorter training, without an effect on the training."""

import pytest

from dginstyle.training.options import kept_steps
from tests.dginstyle.trainings import CONTROLNET, controlnet, kill, weights

pytestmark = pytest.mark.usefixtures("one_accelerator_a_test")
KEEPING = CONTROLNET.replace(schedule="constant", ema_decay=0.9, checkpoint_every=1, keep_checkpoints=3)
FILES = ("diffusion_pytorch_model.safetensors", "config.json", "class_pixels.json")


def contents(folder):
    return [(folder / name).read_bytes() for name in FILES]


@pytest.mark.parametrize(
    ("steps", "every", "most", "kept"),
    [(10, 1, 0, ()), (10, 1, 4, (2, 4, 6, 8)), (2000, 300, 3, (600, 1200, 1800)), (10, 20, 3, ())],
)
def test_kept_steps_are_evenly_spread_multiples_of_checkpoint_every(steps, every, most, kept):
    assert kept_steps(steps, every, most) == kept


def test_the_paper_s_configuration_keeps_at_most_twenty():
    kept = kept_steps(312_000, 2000, 20)
    assert (len(kept), kept[0], kept[-1]) == (19, 16_000, 304_000)


@pytest.fixture
def whole(prior, unet, source, tmp_path):
    """An uninterrupted training of four steps that keeps three ControlNets."""
    return controlnet(prior, unet, source, tmp_path / "whole", KEEPING)


def test_a_kept_controlnet_equals_that_of_a_shorter_training(prior, unet, source, tmp_path, whole):
    kept = tmp_path / "whole/controlnet_steps"
    assert sorted(path.name for path in kept.iterdir()) == ["1", "2", "3"]
    shorter = controlnet(prior, unet, source, tmp_path / "shorter", KEEPING.replace(steps=2, keep_checkpoints=0))
    assert contents(kept / "2") == contents(shorter)
    without = controlnet(prior, unet, source, tmp_path / "without", KEEPING.replace(keep_checkpoints=0))
    assert contents(whole) == contents(without)
    assert not (tmp_path / "without/controlnet_steps").exists()
    assert [path.name for path in (tmp_path / "whole/state").iterdir()] == ["logs"]


def test_controlnets_kept_before_a_kill_are_there_after_the_resumed_training(prior, unet, source, tmp_path, whole):
    options = KEEPING.replace(checkpoint_every=2, keep_checkpoints=1)
    inputs = {"prior": prior, "unet": unet, "data": source, "min_pixels": 4}
    output, state = tmp_path / "killed/controlnet", tmp_path / "killed/state"
    kill("train-controlnet", options, **inputs, output=output, state=state)
    assert (state / "kept/2/config.json").is_file()
    controlnet(prior, unet, source, tmp_path / "killed", options)
    assert weights(output) == weights(whole)
    assert contents(tmp_path / "killed/controlnet_steps/2") == contents(tmp_path / "whole/controlnet_steps/2")


def test_keeping_steps_that_are_over_stops_with_a_message(prior, unet, source, tmp_path):
    options = KEEPING.replace(checkpoint_every=2, keep_checkpoints=0)
    inputs = {"prior": prior, "unet": unet, "data": source, "min_pixels": 4}
    kill("train-controlnet", options, **inputs, output=tmp_path / "controlnet", state=tmp_path / "state")
    with pytest.raises(
        SystemExit, match="keeps the weights of step 2, but this training passed it without: set it back"
    ):
        controlnet(prior, unet, source, tmp_path, options.replace(keep_checkpoints=1))
