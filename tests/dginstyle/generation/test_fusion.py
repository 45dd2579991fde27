"""Multi-resolution latent fusion: windows, their mean, and the reference under the mask."""

import pytest
import torch
from diffusers import DDIMScheduler

from dginstyle.generation.fusion import (
    Fusion,
    batched_places,
    covered,
    cut,
    keep_reference,
    needed_places,
    noised,
    reference_levels,
    taper,
    window_grid,
    window_starts,
)


def places_of(items, windows):
    return [(item, window) for item in range(items) for window in windows]


@pytest.mark.parametrize(("side", "stride", "expected"), [(128, 8, 9), (128, 16, 5), (64, 8, 1)])
def test_the_number_of_windows_is_the_published_one(side, stride, expected):
    assert len(window_starts(side, 64, stride)) == expected
    assert len(window_grid((side, side), (64, 64), stride)) == expected**2


def test_a_last_window_covers_the_border():
    assert window_starts(21, 16, 4) == [0, 4, 5]


def test_the_published_grid_leaves_the_border_uncovered():
    assert window_starts(21, 16, 4, "zero") == [0, 4]
    inside = covered((21, 16), window_grid((21, 16), (16, 16), 4, "zero"))
    assert inside[:20].all()
    assert not inside[20].any()


@pytest.mark.parametrize("size", [(16, 16), (17, 16), (33, 50), (40, 19)])
@pytest.mark.parametrize("stride", [1, 7, 16])
def test_windows_cover_every_latent_pixel(size, stride):
    covered = torch.zeros(size)
    for window in window_grid(size, (16, 16), stride):
        assert covered[window].shape == (16, 16)
        covered[window] += 1
    assert covered.min() >= 1


@pytest.mark.parametrize(("side", "stride"), [(15, 4), (32, 17), (32, 0)])
def test_windows_that_cannot_cover_the_latents_are_rejected(side, stride):
    with pytest.raises(ValueError, match="do not cover"):
        window_starts(side, 16, stride)


def test_fusion_is_the_mean_over_the_windows_of_each_pixel():
    torch.manual_seed(0)
    windows = window_grid((9, 11), (4, 4), 3)
    places = places_of(2, windows)
    predictions = torch.randn(len(places), 3, 4, 4)
    expected = torch.zeros(2, 3, 9, 11)
    for item in range(2):
        for row in range(9):
            for column in range(11):
                values = [
                    prediction[:, row - rows.start, column - columns.start]
                    for (owner, (rows, columns)), prediction in zip(places, predictions, strict=True)
                    if owner == item and rows.start <= row < rows.stop and columns.start <= column < columns.stop
                ]
                expected[item, :, row, column] = torch.stack(values).mean(0)
    torch.testing.assert_close(Fusion(places, torch.zeros_like(expected))(predictions), expected)


@pytest.mark.parametrize("overlap", [(True, False), (False, True), (True, True)])
def test_tapered_windows_blend(overlap):
    sides = [16 if one else 8 for one in overlap]
    places = places_of(1, window_grid(tuple(sides), (8, 8), 4))
    levels = torch.arange(1.0, len(places) + 1)[:, None, None, None].expand(-1, 1, 8, 8)  # a window, a grey level
    tapered = Fusion(places, torch.zeros(1, 1, *sides), taper((8, 8), overlap))(levels)[0, 0]
    even = Fusion(places, torch.zeros(1, 1, *sides))(levels)[0, 0]

    def largest_step(image):
        return max(image.diff(dim=axis).abs().max() for axis in (0, 1) if overlap[axis])

    assert largest_step(tapered) < 0.6 * largest_step(even)
    assert tapered[0, 0] == 1
    assert tapered[-1, -1] == len(places)


def test_fusing_cut_windows_restores_the_latents():
    latents = torch.randn(2, 4, 10, 13, generator=torch.Generator().manual_seed(0))
    places = places_of(2, window_grid((10, 13), (4, 6), 3))
    torch.testing.assert_close(Fusion(places, latents)(cut(latents, places)), latents)


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
def test_a_step_of_fused_predictions_is_the_fusion_of_ddim_steps(prediction_type):
    torch.manual_seed(0)
    scheduler = DDIMScheduler(clip_sample=False, prediction_type=prediction_type)
    scheduler.set_timesteps(20)
    latents = torch.randn(1, 4, 32, 32)
    places = places_of(1, window_grid((32, 32), (16, 16), 4))
    fuse = Fusion(places, latents)
    for timestep in scheduler.timesteps[[0, 10, 19]]:
        predictions = torch.randn(len(places), 4, 16, 16)
        one_step = scheduler.step(fuse(predictions), timestep, latents).prev_sample
        own_steps = scheduler.step(predictions, timestep, cut(latents, places)).prev_sample
        torch.testing.assert_close(one_step, fuse(own_steps), atol=1e-5, rtol=1e-5)


def test_fully_masked_windows_are_skipped():
    keep = torch.zeros(2, 8, 8, dtype=torch.bool)
    keep[0, :4, :] = True
    keep[1] = True
    windows = window_grid((8, 8), (4, 4), 4)
    assert needed_places(keep, windows) == [(0, windows[2]), (0, windows[3])]


@pytest.mark.parametrize(
    ("count", "even", "fixed"),
    [(0, [], []), (5, [5], [8]), (16, [16], [16]), (17, [9, 8], [16, 1]), (38, [13, 13, 12], [16, 16, 8])],
)
def test_batches_are_of_equal_size_or_of_few_sizes(count, even, fixed):
    places = places_of(count, [(slice(0, 1), slice(0, 1))])
    assert [len(batch) for batch in batched_places(places, 16)] == even
    batches = batched_places(places, 16, fixed=True)
    assert [len(batch) for batch in batches] == fixed
    assert [place for batch in batches for place in batch][:count] == places  # the last one repeated


def test_pixels_of_skipped_windows_stay_finite():
    fused = Fusion([(0, (slice(0, 2), slice(0, 2)))], torch.ones(1, 1, 4, 4))(torch.ones(1, 1, 2, 2))
    assert fused[0, 0].tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_the_reference_follows_the_sampler_to_its_next_timestep():
    scheduler = DDIMScheduler(steps_offset=1)
    scheduler.set_timesteps(20)
    timesteps, alphas = scheduler.timesteps.tolist(), scheduler.alphas_cumprod
    levels = reference_levels(timesteps, alphas, "next_timestep")
    assert timesteps[:2] == [951, 901]
    assert levels[0] == alphas[901]
    assert levels[-1] == 1.0


def test_the_published_reference_level_is_available():
    scheduler = DDIMScheduler(steps_offset=1)
    scheduler.set_timesteps(20)
    levels = reference_levels(scheduler.timesteps.tolist(), scheduler.alphas_cumprod, "previous_step")
    assert levels[0] == scheduler.alphas_cumprod[950]
    assert levels[-1] == scheduler.alphas_cumprod[0]


def test_the_reference_is_noised_as_by_the_scheduler():
    scheduler = DDIMScheduler()
    reference, noise = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = scheduler.add_noise(reference, noise, torch.tensor([500]))
    torch.testing.assert_close(noised(reference, noise, float(scheduler.alphas_cumprod[500])), expected)


def test_the_reference_replaces_the_latents_only_under_the_mask():
    latents, reference = torch.zeros(1, 4, 2, 2), torch.ones(1, 4, 2, 2)
    keep = torch.tensor([[[True, False], [False, False]]])
    assert keep_reference(latents, reference, keep)[0, 3].tolist() == [[1, 0], [0, 0]]
