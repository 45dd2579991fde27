"""Prompts drawn for captions."""

from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.diffusion.loading import TextEncoder
from dginstyle.generation.diffusion import DiffusionGenerator, DiffusionOptions
from dginstyle.generation.prompts import PromptOptions

SAMPLING = {
    **{"kind": "diffusion", "images": 1, "images_per_shard": 1, "rare_class_sampling": True, "style_swap": True},
    **{"crop": (32, 32), "min_class_share": 0.0, "scheduler": "ddim", "steps": 1, "guidance": 1.0, "batch_size": 1},
}

OPTIONS = PromptOptions(
    weather_probability=0.5,
    weathers=("snowy", "foggy"),
    weather_prompt="A street with {classes}, in {weather} weather.",
    plain_prompt="{classes}",
)


def prompts(weather_probability, count, seed=0):
    return drawn(OPTIONS.replace(weather_probability=weather_probability), count, seed)


def drawn(options, count, seed=0, file=None):
    rng, draw = np.random.default_rng(seed), options.prompts_of(count, seed, file)
    return [draw("road car", index, rng) for index in range(count)]


def test_a_plain_prompt_is_the_class_list_and_has_no_weather():
    assert set(prompts(0.0, 20)) == {("road car", "")}


def test_a_weather_prompt_names_one_of_the_weathers():
    assert set(prompts(1.0, 20)) == {
        ("A street with road car, in snowy weather.", "snowy"),
        ("A street with road car, in foggy weather.", "foggy"),
    }


def test_weather_prompts_are_drawn_with_their_probability():
    assert np.mean([bool(weather) for _, weather in prompts(0.3, 3000)]) == pytest.approx(0.3, abs=0.03)


def test_weights_give_the_shares_of_the_released_set():
    options = OPTIONS.replace(
        weather_probability=4 / 7,
        weathers=("snowy", "rainy", "sunny", "foggy", "night"),
        weather_weights=(1.0, 1.0, 0.0, 1.0, 1.0),
    )
    weathers = [weather for _, weather in drawn(options, 7000)]
    kinds = [weather if weather in ("", "night") else "adverse" for weather in weathers]
    assert [kinds.count(kind) for kind in ("adverse", "night", "")] == pytest.approx([3000, 1000, 3000], abs=120)
    assert "sunny" not in weathers
    dealt = [weather for _, weather in drawn(options.replace(weather_draw="quotas"), 7000)]
    assert Counter(dealt) == {"": 3000, "snowy": 1000, "rainy": 1000, "foggy": 1000, "night": 1000}
    assert dealt[:1000] != sorted(dealt)[:1000]


@pytest.mark.parametrize(("images", "counts"), [(1, [1, 0, 0]), (3, [1, 1, 1]), (4, [2, 1, 1]), (5, [3, 1, 1])])
def test_quotas_of_a_set_that_shares_do_not_divide_are_rounded_to_its_size(images, counts):
    dealt = Counter(weather for _, weather in drawn(OPTIONS.replace(weather_draw="quotas"), images))
    assert [dealt[weather] for weather in ("", "snowy", "foggy")] == counts


PROMPTS = """prompt,weather
"a rainless lane, {classes}",
wet leaves on {classes},snowy
a whiteout,snowy
milky air over {classes},foggy
"""


def test_prompts_of_a_file_are_drawn_by_their_weather(tmp_path):
    file = tmp_path / "prompts.csv"
    file.write_text(PROMPTS)
    expected = {
        ("a rainless lane, road car", ""),
        ("wet leaves on road car", "snowy"),
        ("a whiteout", "snowy"),
        ("milky air over road car", "foggy"),
    }
    assert set(drawn(OPTIONS, 100, file=file)) == expected
    assert set(OPTIONS.possible_prompts("road car", file)) == {prompt for prompt, _ in expected}
    assert {weather for _, weather in drawn(OPTIONS.replace(weather_probability=0.0), 20, file=file)} == {""}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (PROMPTS.replace("milky", "{weather} and milky"), r"line 5: .* must be text with no field but \{classes\}"),
        (PROMPTS.replace("a whiteout", "a {"), "line 4: .* is no template"),
        (PROMPTS.replace("a whiteout", ""), "line 4: '' must be text"),
        (PROMPTS.replace(",foggy", ",hail"), "has no prompt for foggy, which weather_probability"),
        (PROMPTS.replace(",weather", ",sky"), "must be a table with the columns prompt, weather"),
    ],
)
def test_an_unusable_file_of_prompts_stops_with_its_line(tmp_path, content, words):
    (tmp_path / "prompts.csv").write_text(content)
    with pytest.raises(SystemExit, match=words):
        OPTIONS.templates(tmp_path / "prompts.csv")


def test_the_same_seed_draws_the_same_prompts():
    assert prompts(0.5, 20, seed=3) == prompts(0.5, 20, seed=3)
    assert prompts(0.5, 20, seed=3) != prompts(0.5, 20, seed=4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weather_prompt": "{classes} in {colour}"}, "must have exactly the fields .'classes', 'weather'. in braces"),
        ({"plain_prompt": "a street"}, "must have exactly the fields .'classes'. in braces"),
        ({"weathers": ()}, "weathers is empty"),
        ({"weather_weights": (1.0,)}, "weather_weights is .1.0., but needs a number for each of weathers"),
        ({"weather_weights": (0.0, 0.0)}, "not all 0"),
    ],
)
def test_invalid_templates_are_rejected(change, words):
    with pytest.raises(ValidationError, match=words):
        OPTIONS.replace(**change)


def test_every_prompt_that_can_be_drawn_is_known():
    assert set(OPTIONS.possible_prompts("road car")) == {prompt for prompt, _ in prompts(0.5, 100)}
    assert OPTIONS.replace(weather_probability=0.0).possible_prompts("road") == ["road"]


def test_a_prompt_that_the_text_encoder_would_cut_is_refused_with_the_words(prior):
    encoder = TextEncoder.load(str(prior))
    fitting = "road " * 75  # 77 tokens with start and end
    assert encoder([fitting]).shape[1] == 77
    with pytest.raises(SystemExit, match="has 79 tokens, but the text encoder reads 77: 'car sky' would be cut off"):
        encoder([fitting + "car sky"])


def test_a_template_that_is_too_long_stops_before_the_first_image(prior, controlnet, source):
    long = {"weather_prompt": "road " * 80 + "{classes}, in {weather} weather."}
    options = DiffusionOptions(**SAMPLING, **{**OPTIONS.model_dump(), **long})
    inputs = {"prior": str(prior), "controlnet": str(controlnet)}
    with pytest.raises(SystemExit, match=r"in (foggy|snowy) weather \.' would be cut off; shorten"):
        DiffusionGenerator(options, inputs, SourceSet(source), 0)
