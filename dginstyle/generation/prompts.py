"""Prompts from the caption of a label map."""

import string
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from dginstyle.csv_files import read_table
from dginstyle.options import NonNegativeFloat, Options, Share
from dginstyle.seeds import derive_rng

DrawPrompt = Callable[[str, int, np.random.Generator], tuple[str, str]]
"""Caption, index in the set and random generator → prompt and weather."""
Templates = dict[str, list[str]]
"""Prompt templates of each weather; those of no weather under the empty string."""


class PromptOptions(Options):
    """How the prompt of an image is drawn."""

    weather_probability: Share = Field(description="probability of a weather prompt")
    weathers: tuple[str, ...] = Field(description="weathers to draw from")
    weather_weights: tuple[NonNegativeFloat, ...] | None = Field(
        None, description="how often each of weathers is drawn, relative to the others; null: all equally often"
    )
    weather_draw: Literal["independent", "quotas"] = Field(
        "independent",
        description="weather of each image: drawn independently, or dealt out so that the set has these shares exactly",
    )
    weather_prompt: str = Field(description="template with {classes} and {weather}")
    plain_prompt: str = Field(description="template with {classes}")
    prompts: str | None = Field(
        None,
        description="CSV file of templates: columns prompt, which may contain {classes}, and weather, empty for plain "
        "prompts; null: weather_prompt and plain_prompt",
    )

    @model_validator(mode="after")
    def _check_templates(self) -> "PromptOptions":
        require_fields("weather_prompt", self.weather_prompt, {"classes", "weather"})
        require_fields("plain_prompt", self.plain_prompt, {"classes"})
        if self.weather_probability and not all(self.weathers or [""]):
            raise ValueError("weather_probability is above 0, but weathers is empty or contains an empty string")
        weights = self.weather_weights
        if weights is not None and (len(weights) != len(self.weathers) or not any(weights)):
            raise ValueError(f"weather_weights is {list(weights)}, but needs a number for each of weathers, not all 0")
        return self

    def templates(self, file: str | Path | None) -> Templates:
        """Return the templates of each weather that is drawn: those of the options, or of a file.

        Raises:
            SystemExit: the file is no such table, or lacks a weather that is drawn.
        """
        drawn = [weather for weather, share in zip(*self._shares(), strict=True) if share]
        if file is None:
            return {weather: [self.weather_prompt if weather else self.plain_prompt] for weather in drawn}
        table = read_table(Path(file), ("prompt", "weather"))
        for place, template in enumerate(table["prompt"], 2):
            try:
                fields = _fields(template)
            except ValueError as error:
                raise SystemExit(f"{file}, line {place}: {template!r} is no template: {error}") from None
            if not template or fields - {"classes"}:
                raise SystemExit(f"{file}, line {place}: {template!r} must be text with no field but {{classes}}")
        found = {weather: table["prompt"][table["weather"] == weather].tolist() for weather in drawn}
        if missing := [weather or "no weather" for weather, templates in found.items() if not templates]:
            raise SystemExit(
                f"{file} has no prompt for {', '.join(missing)}, which weather_probability, weathers and "
                "weather_weights draw: add one, or change these options"
            )
        return found

    def prompts_of(self, images: int, seed: int, file: str | Path | None = None) -> DrawPrompt:
        """Return what draws the prompts of a set.

        Args:
            images: images of the set, which quotas are shares of.
            seed: the run's seed.
            file: the file of ``prompts``, if there is one.
        """
        templates = self.templates(file)
        dealt = self._deal(images, seed) if self.weather_draw == "quotas" else None

        def draw(classes: str, index: int, rng: np.random.Generator) -> tuple[str, str]:
            weather = self._draw_weather(rng) if dealt is None else dealt[index]
            choices = templates[weather]
            template = choices[rng.integers(len(choices))] if len(choices) > 1 else choices[0]
            return template.format(classes=classes, weather=weather), weather

        return draw

    def possible_prompts(self, classes: str, file: str | Path | None = None) -> list[str]:
        """Return every prompt that can be drawn for a label map with the caption ``classes``."""
        of_weather = self.templates(file).items()
        return [
            template.format(classes=classes, weather=weather) for weather, texts in of_weather for template in texts
        ]

    def _shares(self) -> tuple[list[str], np.ndarray]:
        """Return the weathers, with the empty string for none, and their shares, which add up to 1."""
        weights = np.array(self.weather_weights or [1.0] * len(self.weathers))
        shares = self.weather_probability * weights / weights.sum() if self.weather_probability else 0 * weights
        return ["", *self.weathers], np.array([1 - self.weather_probability, *shares])

    def _draw_weather(self, rng: np.random.Generator) -> str:
        if rng.random() >= self.weather_probability:
            return ""
        if self.weather_weights is None:
            return self.weathers[rng.integers(len(self.weathers))]
        weights = np.array(self.weather_weights)
        return self.weathers[rng.choice(len(weights), p=weights / weights.sum())]

    def _deal(self, images: int, seed: int) -> list[str]:
        """Return a weather for each image: the shares' whole parts, the rest to the largest remainders, shuffled."""
        weathers, shares = self._shares()
        counts = np.floor(images * shares + 1e-9).astype(int)
        remainders = images * shares - counts
        counts[np.argsort(-remainders, kind="stable")[: images - counts.sum()]] += 1
        return derive_rng(seed, "weathers of a generated set").permutation(np.repeat(weathers, counts)).tolist()


def require_fields(name: str, template: str, fields: set[str]) -> None:
    """Check that a prompt template has exactly the given fields in braces.

    Raises:
        ValueError: a field is missing or unknown.
    """
    if _fields(template) != fields:
        raise ValueError(f"{name} is {template!r}, but must have exactly the fields {sorted(fields)} in braces")


def _fields(template: str) -> set[str]:
    parts = [part for part in string.Formatter().parse(template) if part[1] is not None]
    if any(specification or conversion for _, _, specification, conversion in parts):
        raise ValueError("a field is a name alone in braces, without : or !")
    return {field for _, field, _, _ in parts}
