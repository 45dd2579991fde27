"""Training of U^S and the ControlNet: resuming to the same bytes, options, and error messages."""

import json

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from diffusers import ControlNetModel, DDPMScheduler, UNet2DConditionModel

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.training.controlnet import LabelledCrops, init_controlnet
from dginstyle.training.dreambooth import Dreambooth, SourceImages
from dginstyle.training.loop import batches, optimise, start, trained
from dginstyle.training.objective import prediction_target
from tests.dginstyle.tiny_prior import tiny_label, write_tiny_set
from tests.dginstyle.trainings import CONTROLNET, DREAMBOOTH, controlnet, dreambooth, kill, weights
from tests.states import copied, damage

pytestmark = pytest.mark.usefixtures("one_accelerator_a_test")


def test_dreambooth_writes_a_changed_unet_that_diffusers_loads(prior, unet):
    before = UNet2DConditionModel.from_pretrained(prior, subfolder="unet").state_dict()
    after = UNet2DConditionModel.from_pretrained(unet).state_dict()
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert len(changed) > 0.9 * len(before)


def test_dreambooth_killed_and_resumed_ends_with_the_same_bytes(prior, source, unet, tmp_path):
    output, state = tmp_path / "unet", tmp_path / "state"
    kill("train-dreambooth", DREAMBOOTH, prior=prior, data=source, output=output, state=state)
    dreambooth(prior, source, tmp_path)
    assert weights(output) == weights(unet)
    assert "resuming after step 2 of 4" in (state / "logs/train.log").read_text()
    assert not (state / "last.pt").exists()
    assert list((state / "logs").glob("events*"))


def test_controlnet_killed_and_resumed_ends_with_the_same_bytes_and_counts(prior, source, unet, tmp_path):
    whole = controlnet(prior, unet, source, tmp_path / "whole")
    output, state = tmp_path / "killed/controlnet", tmp_path / "killed/state"
    inputs = {"prior": prior, "unet": unet, "data": source, "min_pixels": 4}
    kill("train-controlnet", CONTROLNET, **inputs, output=output, state=state)
    controlnet(prior, unet, source, tmp_path / "killed")
    for name in ("diffusion_pytorch_model.safetensors", "class_pixels.json", "config.json"):
        assert (output / name).read_bytes() == (whole / name).read_bytes()
    pixels = json.loads((output / "class_pixels.json").read_text())
    crops = LabelledCrops(SourceSet(source), CONTROLNET, min_pixels=4, seed=0)
    seen = sum(
        np.bincount(crops[position]["channels"].numpy().ravel(), minlength=20) for position in range(8)
    ).tolist()[:19]
    assert pixels == {str(train_id): count for train_id, count in enumerate(seen)}


@pytest.mark.parametrize(
    ("changes", "rates"),
    [
        ({}, [1.0, 1.0, 1.0, 1.0]),
        ({"warmup": 2}, [0.0, 0.5, 1.0, 1.0]),
        ({"warmup": 1, "schedule": "cosine"}, [0.0, 1.0, 0.75, 0.25]),
    ],
)
def test_the_learning_rate_warms_up_and_follows_the_schedule(prior, source, changes, rates):
    options = DREAMBOOTH.replace(**changes)
    run = start(Dreambooth.load(prior, SourceImages(SourceSet(source), options, 0), options), options)
    seen = []
    for _ in rates:
        seen.append(run.optimiser.param_groups[0]["lr"] / options.learning_rate)
        run.optimiser.step()
        run.schedule.step()
    assert seen == pytest.approx(rates)


def test_an_averaged_training_killed_and_resumed_ends_with_the_same_bytes(prior, source, unet, tmp_path):
    options = DREAMBOOTH.replace(ema_decay=0.9)
    whole = dreambooth(prior, source, tmp_path / "whole", options)
    output, state = tmp_path / "unet", tmp_path / "state"
    kill("train-dreambooth", options, prior=prior, data=source, output=output, state=state)
    dreambooth(prior, source, tmp_path, options)
    assert weights(output) == weights(whole)
    assert weights(output) != weights(unet)  # the last weights


def test_accumulated_batches_equal_one_large_batch(prior, source, unet, tmp_path):
    options = DREAMBOOTH.replace(batch_size=4, accumulation=1)
    ours = UNet2DConditionModel.from_pretrained(dreambooth(prior, source, tmp_path, options)).state_dict()
    for name, expected in UNet2DConditionModel.from_pretrained(unet).state_dict().items():
        torch.testing.assert_close(ours[name], expected, atol=1e-4, rtol=1e-3)


def test_bf16_training_is_close_to_fp32(prior, source, unet, tmp_path):
    options = CONTROLNET.replace(precision="bf16")
    short = ControlNetModel.from_pretrained(controlnet(prior, unet, source, tmp_path / "bf16", options)).state_dict()
    AcceleratorState._reset_state(reset_partial_state=True)
    exact = ControlNetModel.from_pretrained(controlnet(prior, unet, source, tmp_path / "fp32")).state_dict()
    begun = init_controlnet(UNet2DConditionModel.from_pretrained(unet), (8, 8), factor=2, seed=0).state_dict()
    flat = [torch.cat([state[name].flatten() for name in exact]) for state in (short, exact, begun)]
    assert flat[0].dtype == torch.float32
    assert 0 < (flat[0] - flat[1]).norm() < 0.5 * (flat[1] - flat[2]).norm()


def test_fp16_without_a_gpu_stops_with_a_message(prior, source, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(SystemExit, match="precision fp16 does not work on this machine.*use fp32"):
        dreambooth(prior, source, tmp_path, DREAMBOOTH.replace(precision="fp16"))


def test_gradients_are_clipped_to_the_maximum_norm(prior, source):
    options = DREAMBOOTH.replace(gradient_clip=1e-3)
    task = Dreambooth.load(prior, SourceImages(SourceSet(source), options, 0), options)
    run, norms = start(task, options), []
    run.optimiser.optimizer.register_step_pre_hook(
        lambda *_: norms.append(torch.cat([p.grad.flatten() for p in trained(task.network)]).norm().item())
    )
    _, before = optimise(task, options, run, batches(task, options, run))
    assert before > 1e-3
    assert norms == [pytest.approx(1e-3, rel=1e-2)]


def test_another_seed_gives_other_weights(prior, source, unet, tmp_path):
    assert weights(dreambooth(prior, source, tmp_path, seed=1)) != weights(unet)


@pytest.fixture
def interrupted(monkeypatch):
    """Run a training up to its fourth step, saving its state after each step."""

    def call(train, *arguments):
        def stopped(task, options, run, stream):
            if run.step == 3:
                raise KeyboardInterrupt
            return optimise(task, options, run, stream)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("dginstyle.training.loop.optimise", stopped)
            train(*arguments)

    return call


EACH_STEP = DREAMBOOTH.replace(checkpoint_every=1)


def test_a_damaged_state_falls_back_to_the_previous_one(prior, source, unet, tmp_path, interrupted):
    interrupted(dreambooth, prior, source, tmp_path, EACH_STEP)
    damage(tmp_path / "state/last.pt")
    assert weights(dreambooth(prior, source, tmp_path)) == weights(unet)
    assert "resuming after step 2 of 4" in (tmp_path / "state/logs/train.log").read_text()
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["logs"]


def test_two_damaged_states_stop_with_a_message(prior, source, tmp_path, interrupted):
    interrupted(dreambooth, prior, source, tmp_path, EACH_STEP)
    for state in (tmp_path / "state").glob("*.pt"):
        damage(state)
    with pytest.raises(SystemExit, match=r"last.pt cannot be read .*: delete \S*/state to start over"):
        dreambooth(prior, source, tmp_path)


@pytest.mark.reliability(
    "prior and source set are copied, with new times, while DreamBooth is interrupted",
    "resumed to the same bytes",
)
def test_copied_and_touched_files_resume_to_the_same_bytes(prior, source, unet, tmp_path, interrupted):
    interrupted(dreambooth, prior, source, tmp_path, EACH_STEP)
    copies = [copied(path, tmp_path / "copies") for path in (prior, source)]
    assert weights(dreambooth(str(copies[0]), copies[1], tmp_path)) == weights(unet)
    assert "resuming after step 3 of 4" in (tmp_path / "state/logs/train.log").read_text()


@pytest.mark.reliability(
    "an option of DreamBooth or ControlNet changes between two resumed steps",
    "one sentence that names it",
)
def test_a_state_with_other_options_stops_and_names_them(prior, source, unet, tmp_path, interrupted):
    interrupted(dreambooth, prior, source, tmp_path / "dreambooth", EACH_STEP)
    with pytest.raises(SystemExit, match=r"seed was 0 and is 1; .* delete \S*/state to start over"):
        dreambooth(prior, source, tmp_path / "dreambooth", seed=1)
    interrupted(controlnet, prior, unet, source, tmp_path / "controlnet", CONTROLNET.replace(checkpoint_every=1))
    with pytest.raises(SystemExit, match="min_pixels was 4 and is 5"):
        controlnet(prior, unet, source, tmp_path / "controlnet", min_pixels=5)


@pytest.mark.reliability(
    "the loss of DreamBooth becomes NaN",
    "one sentence; the last good state stays, from which the training ends with the same bytes",
)
def test_a_loss_that_is_not_finite_stops_and_keeps_the_state(prior, source, unet, tmp_path, monkeypatch):
    with (
        monkeypatch.context() as patch,
        pytest.raises(SystemExit, match="the loss is nan at step 4; the last good .* step 3"),
    ):
        patch.setattr(Dreambooth, "loss", nan_in_the_seventh(Dreambooth.loss))
        dreambooth(prior, source, tmp_path, EACH_STEP)
    assert weights(dreambooth(prior, source, tmp_path)) == weights(unet)


@pytest.mark.reliability("weights of DreamBooth become infinite", "one sentence, and no network")
def test_weights_that_are_not_finite_stop_a_training_with_the_last_good_state(prior, source, tmp_path):
    options = EACH_STEP.replace(steps=2, warmup=1, learning_rate=1e39)  # the first step changes nothing
    with pytest.raises(
        SystemExit, match=r"tensors are not finite after step 2, such as network.*state is that of step 1"
    ):
        dreambooth(prior, source, tmp_path, options)
    assert not (tmp_path / "unet").exists()


def nan_in_the_seventh(loss):
    calls = []

    def computed(task, network, batch):
        calls.append(batch)
        return loss(task, network, batch) * (float("nan") if len(calls) == 7 else 1)

    return computed


def test_workers_and_gradient_checkpointing_do_not_change_the_result(prior, source, unet, tmp_path):
    options = DREAMBOOTH.replace(workers=1, gradient_checkpointing=True, checkpoint_every=3)
    ours = UNet2DConditionModel.from_pretrained(dreambooth(prior, source, tmp_path, options)).state_dict()
    for name, expected in UNet2DConditionModel.from_pretrained(unet).state_dict().items():
        torch.testing.assert_close(ours[name], expected, atol=1e-4, rtol=1e-3)


def test_the_controlnet_trains_and_its_unet_does_not(prior, source, unet, tmp_path):
    before = weights(unet)
    trained = ControlNetModel.from_pretrained(controlnet(prior, unet, source, tmp_path))
    assert trained.controlnet_mid_block.weight.abs().max() > 0
    assert trained.config.conditioning_channels == 20
    assert weights(unet) == before


def test_the_target_is_the_noise_or_the_velocity_and_nothing_else():
    latents, noise, timesteps = torch.ones(1, 4, 2, 2), torch.zeros(1, 4, 2, 2), torch.tensor([500])
    scheduler = DDPMScheduler(prediction_type="v_prediction")
    velocity = prediction_target(scheduler, latents, noise, timesteps)
    torch.testing.assert_close(velocity, -((1 - scheduler.alphas_cumprod[500]) ** 0.5) * latents)
    assert torch.equal(prediction_target(DDPMScheduler(), latents, noise, timesteps), noise)
    with pytest.raises(SystemExit, match="'sample'"):
        prediction_target(DDPMScheduler(prediction_type="sample"), latents, noise, timesteps)


def test_a_condition_embedding_of_another_stride_is_rejected(prior, source, unet, tmp_path):
    options = CONTROLNET.replace(conditioning_channels=(8, 8, 8, 8))
    with pytest.raises(SystemExit, match="has 4 entries .* by 8, .* downsamples by 2: use 2 entries"):
        controlnet(prior, unet, source, tmp_path, options)


def test_an_image_smaller_than_the_crop_is_named_before_a_training_starts(prior, unet, tmp_path):
    source = write_tiny_set(tmp_path / "gta", label=lambda number: tiny_label(number)[: 30 if number == 4 else 40])
    with pytest.raises(SystemExit, match="004.png is 48x30, smaller than dreambooth.crop, 32x32, and so are 1 of 6"):
        dreambooth(prior, source, tmp_path)
    with pytest.raises(SystemExit, match="004.png is 48x30, smaller than controlnet.crop, 32x32"):
        controlnet(prior, unet, source, tmp_path)


def test_a_missing_prior_or_set_stops_with_a_message(prior, tmp_path):
    with pytest.raises(SystemExit, match="the prior nowhere/at/all does not exist"):
        dreambooth("nowhere/at/all", tmp_path, tmp_path)
    with pytest.raises(SystemExit, match=r"manifest.csv does not exist"):
        dreambooth(prior, tmp_path / "gta", tmp_path)


def test_a_folder_of_other_files_is_not_overwritten(prior, source, tmp_path):
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet/thesis.tex").write_text("years of work")
    with pytest.raises(SystemExit, match="choose another --output"):
        dreambooth(prior, source, tmp_path)
    assert (tmp_path / "unet/thesis.tex").exists()
