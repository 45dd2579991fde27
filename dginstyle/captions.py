"""Captions of label maps and the prompts made of them."""

import string
from collections.abc import Sequence

import numpy as np

from dginstyle.labels import CLASS_NAMES, NUM_CLASSES


def classes_present(label: np.ndarray) -> list[int]:
    """Return the trainIds of a label map (H, W) uint8, ascending, without ignore."""
    return np.flatnonzero(np.bincount(label.ravel(), minlength=NUM_CLASSES)[:NUM_CLASSES]).tolist()


def caption(label: np.ndarray) -> str:
    """Return the names of a label map's classes in ascending trainId order: ``"road sidewalk building"``."""
    return " ".join(CLASS_NAMES[train_id] for train_id in classes_present(label))


def draw_prompt(
    classes: str,
    rng: np.random.Generator,
    weathers: Sequence[str],
    weather_probability: float,
    weather_prompt: str,
    plain_prompt: str,
) -> tuple[str, str]:
    """Draw whether a prompt names a weather, and which.

    Args:
        classes: the caption of the label map.
        rng: random generator.
        weathers: the weathers, each equally likely.
        weather_probability: share of prompts that name one.
        weather_prompt: text with ``{classes}`` and ``{weather}``.
        plain_prompt: text with ``{classes}``.

    Returns:
        The prompt and its weather, which is empty for a plain prompt.
    """
    if rng.random() < weather_probability:
        weather = weathers[rng.integers(len(weathers))]
        return weather_prompt.format(classes=classes, weather=weather), weather
    return plain_prompt.format(classes=classes), ""


def require_fields(template: str, allowed: set[str]) -> None:
    """Check a prompt's template before an hour of work.

    Raises:
        ValueError: the template has another field in braces, or is no template.
    """
    fields = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    if fields - allowed:
        raise ValueError(
            f"the prompt {template!r} may hold {sorted(allowed)} in braces, not {sorted(fields - allowed)}"
        )
