"""How often the 95 % intervals of gains cover the true gain, simulated.

    python -m benchmarks.intervals      # about two minutes on one core; prints the table of docs/segmentation.md

Two models are "trained" and "evaluated" many times on new seeds and new images: the share of right pixels per class
varies with the seed, the image, and the model's own trouble with an image. `percentile` is, for comparison, the
percentile interval of a bootstrap over seeds and images at once.
"""

import argparse
from collections.abc import Sequence

import numpy as np

from segmodel.evaluation.metrics import mean_iou
from segmodel.tables.intervals import gain_limits

CLASSES = 6
SKILL = np.linspace(1.5, -1.0, CLASSES)  # logit of the share of right pixels, frequent to rare classes
GAIN = 0.15  # of the second model, in logits
SPREADS = (0.02, 0.05, 0.12)  # standard deviation over seeds, in logits
CONFIDENCE = 0.95


def trained(seeds: int, spread: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the skills (S, C) of S seeds of the baseline and of the second model."""
    shape = (seeds, CLASSES)
    return [SKILL + gain + rng.normal(0, spread, (seeds, 1)) + rng.normal(0, spread, shape) for gain in (0.0, GAIN)]


def evaluated(models: Sequence[np.ndarray], images: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return each model's counts (S, N, C, C) on the same N images."""
    present = rng.random((images, CLASSES)) < np.linspace(1.0, 0.3, CLASSES)
    pixels = present * rng.lognormal(np.linspace(9, 5, CLASSES), 0.7, (images, CLASSES))  # (N, C)
    hardness = rng.normal(0, 0.5, (images, 1)) + rng.normal(0, 0.5, (images, CLASSES))
    return [counts(skills, hardness, pixels, rng) for skills in models]


def counts(skills: np.ndarray, hardness: np.ndarray, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return counts (S, N, C, C), rows = label; wrong pixels go to the next two classes."""
    own = rng.normal(0, 0.3, pixels.shape) + rng.normal(0, 0.2, (len(skills), *pixels.shape))
    logits = skills[:, None] + hardness + own
    right = pixels / (1 + np.exp(-logits))  # (S, N, C)
    found = np.zeros((*right.shape, CLASSES))
    for label in range(CLASSES):
        found[..., label, label] = right[..., label]
        for step in (1, 2):
            found[..., label, (label + step) % CLASSES] = (pixels[:, label] - right[..., label]) / 2
    return np.rint(found).astype(np.int64)


def truth(spread: float, rng: np.random.Generator) -> tuple[float, float]:
    """Return the gain expected over seeds and images, and the baseline's standard deviation over seeds."""
    gains, deviations = [], []
    for _ in range(100):
        base, new = (mean_iou(arm.sum(1)) for arm in evaluated(trained(20, spread, rng), 500, rng))  # (20,) each
        gains.append((new - base).mean())
        deviations.append(base.std(ddof=1))
    return float(np.mean(gains)), float(np.mean(deviations))


def percentile_limits(base: np.ndarray, new: np.ndarray, samples: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the percentile interval of a bootstrap over seeds and images at once."""
    seeds, images = base.shape[:2]
    draws = rng.multinomial(images, np.full(images, 1 / images), samples)  # (B, N)
    scores = [mean_iou(np.einsum("bn,snij->sbij", draws, arm, optimize=True)) for arm in (base, new)]  # (S, B)
    means = [
        (arm.T * rng.multinomial(seeds, np.full(seeds, 1 / seeds), samples)).sum(1) / seeds for arm in scores
    ]  # (B,)
    return tuple(np.quantile(means[1] - means[0], [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2]))


def coverage(
    seeds: int, images: int, spread: float, gain: float, trials: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return the coverage of the percentile interval and of ours in %, and our mean width in points."""
    hits, width = np.zeros((trials, 2)), np.zeros(trials)
    for trial in range(trials):
        base, new = evaluated(trained(seeds, spread, rng), images, rng)
        ours = [limit[0] for limit in gain_limits([base], [new], [[0]], 200, CONFIDENCE, rng)]
        for column, (low, high) in enumerate((percentile_limits(base, new, 200, rng), ours)):
            hits[trial, column] = low <= gain <= high
        width[trial] = 100 * (ours[1] - ours[0])
    return *(100 * hits.mean(0)), width.mean()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=500)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    print("| deviation over seeds | seeds | images | percentile | ours | width |")
    print("|---|---|---|---|---|---|")
    for spread in SPREADS:
        gain, deviation = truth(spread, rng)
        for seeds in (1, 2, 3, 5):
            for images in (50, 500) if seeds == 3 else (150,):
                found = coverage(seeds, images, spread, gain, arguments.trials, rng)
                ours = ("none", "") if seeds == 1 else (f"{found[1]:.0f} %", f"{found[2]:.1f}")
                print(
                    f"| {100 * deviation:.1f} | {seeds} | {images} | {found[0]:.0f} % | {' | '.join(ours)} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
