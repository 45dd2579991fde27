"""Prompts from the caption of a label map."""

import string

import numpy as np
from pydantic import Field, model_validator

from dginstyle.options import NonNegativeFloat, Options, Share


class PromptOptions(Options):
    """How the prompt of an image is drawn."""

    weather_probability: Share = Field(description="probability of a weather prompt")
    weathers: tuple[str, ...] = Field(description="weathers to draw from")
    weather_weights: tuple[NonNegativeFloat, ...] | None = Field(
        None, description="how often each of weathers is drawn, relative to the others; null: all equally often"
    )
    weather_prompt: str = Field(description="template with {classes} and {weather}")
    plain_prompt: str = Field(description="template with {classes}")

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

    def draw_prompt(self, classes: str, rng: np.random.Generator) -> tuple[str, str]:
        """Draw a weather prompt or a plain prompt for a label map with the caption ``classes``.

        Returns:
            The prompt and its weather, empty for a plain prompt.
        """
        if rng.random() < self.weather_probability:
            weather = self.weathers[self._draw_weather(rng)]
            return self.weather_prompt.format(classes=classes, weather=weather), weather
        return self.plain_prompt.format(classes=classes), ""

    def possible_prompts(self, classes: str) -> list[str]:
        """Return every prompt that can be drawn for a label map with the caption ``classes``."""
        plain = [self.plain_prompt.format(classes=classes)] if self.weather_probability < 1 else []
        weathers = self.weathers if self.weather_probability else ()
        return plain + [self.weather_prompt.format(classes=classes, weather=weather) for weather in weathers]

    def _draw_weather(self, rng: np.random.Generator) -> int:
        if self.weather_weights is None:
            return int(rng.integers(len(self.weathers)))
        weights = np.array(self.weather_weights)
        return int(rng.choice(len(weights), p=weights / weights.sum()))


def require_fields(name: str, template: str, fields: set[str]) -> None:
    """Check that a prompt template has exactly the given fields in braces.

    Raises:
        ValueError: a field is missing or unknown.
    """
    found = {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}
    if found != fields:
        raise ValueError(f"{name} is {template!r}, but must have exactly the fields {sorted(fields)} in braces")
