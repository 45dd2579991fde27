"""Captions and prompts."""

import numpy as np
import pytest

from dginstyle.captions import caption, classes_present, draw_prompt, require_fields

LABEL = np.array([[13, 0, 255], [2, 13, 0]], dtype=np.uint8)
TEMPLATES = {"weather_prompt": "A street with {classes}, in {weather} weather.", "plain_prompt": "{classes}"}


def prompts(weather_probability, count, seed=0):
    rng = np.random.default_rng(seed)
    weathers = ("snowy", "foggy")
    return [draw_prompt("road car", rng, weathers, weather_probability, **TEMPLATES) for _ in range(count)]


def test_a_caption_names_the_classes_in_ascending_order_without_ignore():
    assert classes_present(LABEL) == [0, 2, 13]
    assert caption(LABEL) == "road building car"


def test_names_of_two_words_stay_as_they_are():
    assert caption(np.array([[7, 6]], dtype=np.uint8)) == "traffic light traffic sign"


def test_a_label_map_of_ignore_alone_has_an_empty_caption():
    assert caption(np.full((2, 2), 255, dtype=np.uint8)) == ""


def test_a_plain_prompt_is_the_class_list_and_has_no_weather():
    assert set(prompts(0.0, 20)) == {("road car", "")}


def test_a_weather_prompt_names_one_of_the_weathers():
    assert set(prompts(1.0, 20)) == {
        ("A street with road car, in snowy weather.", "snowy"),
        ("A street with road car, in foggy weather.", "foggy"),
    }


def test_weather_is_drawn_as_often_as_its_probability_says():
    assert np.mean([bool(weather) for _, weather in prompts(0.3, 3000)]) == pytest.approx(0.3, abs=0.03)


def test_the_same_chance_draws_the_same_prompts():
    assert prompts(0.5, 20, seed=3) == prompts(0.5, 20, seed=3)
    assert prompts(0.5, 20, seed=3) != prompts(0.5, 20, seed=4)


def test_a_template_with_an_unknown_field_is_an_error():
    require_fields("{classes} in {weather}", {"classes", "weather"})
    with pytest.raises(ValueError, match="colour"):
        require_fields("{classes} in {colour}", {"classes", "weather"})
