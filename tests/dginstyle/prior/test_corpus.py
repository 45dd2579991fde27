"""The mini prior's corpus: streets, the photographs cut out of them, and their captions."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dginstyle.labels import CLASS_NAMES
from dginstyle.miniworld.appearance import WEATHERS
from dginstyle.prior import corpus
from dginstyle.prior.corpus import NO_WEATHER, Streets, draw_street, read_corpus, render_corpus
from dginstyle.prior.denoiser import CLASSES, EMPTY, SENTENCE, CaptionTokens, draw_kinds
from dginstyle.prior.networks import build_tokenizer

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def streets(tmp_path_factory) -> Streets:
    folder = tmp_path_factory.mktemp("corpus")
    render_corpus(folder, 4, seed=0)
    return read_corpus(folder, 4, CPU)


def test_a_corpus_is_rendered_once_and_in_files(tmp_path, monkeypatch, streets):
    monkeypatch.setattr(corpus, "SHARD", 3)
    render_corpus(tmp_path, 4, seed=0)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(files) == 2
    render_corpus(tmp_path, 4, seed=0)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files
    assert torch.equal(read_corpus(tmp_path, 4, CPU).images, streets.images)


def test_streets_know_the_classes_of_each_column(streets):
    image, seen, weather = draw_street(2, seed=0)
    np.testing.assert_array_equal(streets.images[2], image)
    assert image.shape == (3, 64, 128) and seen.shape == (19, 128) and seen[CLASS_NAMES.index("road")].any()
    assert streets.weather[2] == weather < len(WEATHERS)


def test_paintings_show_the_streets_in_other_colours_and_no_weather(streets):
    hues = []
    for index in range(4):
        image, seen, weather = draw_street(index, seed=0, paintings=1.0)
        assert weather == NO_WEATHER
        np.testing.assert_array_equal(seen, streets.seen[index])
        hues.append((image.mean((1, 2)) / image.mean()).round(3).tolist())
    half = [draw_street(index, seed=0, paintings=0.5)[2] == NO_WEATHER for index in range(12)]
    assert len(set(map(tuple, hues))) == 4 and 0 < sum(half) < 12


def test_photographs_are_cut_out_of_the_streets_or_mirrored(streets):
    batch = streets.draw(32, torch.Generator().manual_seed(0), paintings=True)
    images = ((batch.images + 1) * 127.5).round().to(torch.uint8)
    windows = streets.images.unfold(3, 64, 1).permute(0, 3, 1, 2, 4)  # (4, 65, 3, 64, 64)
    mirrored = 0
    for image, seen in zip(images, batch.seen, strict=True):
        (street, left, flipped), *_ = _places(windows, image)
        mirrored += flipped
        assert torch.equal(seen, streets.seen[street, :, left : left + 64].any(1))
    assert 0 < mirrored < 32


def test_streets_without_paintings_are_photographs(streets):
    weather = torch.tensor([NO_WEATHER, 3, NO_WEATHER, 1])
    mixed, generator = replace(streets, weather=weather), torch.Generator().manual_seed(0)
    assert set(mixed.draw(32, generator, paintings=True).weather.tolist()) == {NO_WEATHER, 1, 3}
    batch = mixed.draw(32, generator, paintings=False)
    assert set(batch.weather.tolist()) == {1, 3}
    images = ((batch.images + 1) * 127.5).round().to(torch.uint8)
    windows = streets.images.unfold(3, 64, 1).permute(0, 3, 1, 2, 4)
    shown = [_places(windows, image)[0][0] for image in images]
    assert shown == [{3: 1, 1: 3}[number] for number in batch.weather.tolist()]


def _places(windows: torch.Tensor, image: torch.Tensor) -> list[tuple[int, int, bool]]:
    """Return street, left column and whether it is mirrored of each window that equals an image (3, 64, 64)."""
    views = {False: image, True: image.flip(-1)}
    return [
        (*place, flipped)
        for flipped, view in views.items()
        for place in (windows == view).flatten(2).all(2).nonzero().tolist()
    ]


def test_caption_tokens_are_the_tokenizers(tmp_path):
    tokenizer = build_tokenizer(tmp_path)
    generator = torch.Generator().manual_seed(0)
    seen, weather = torch.rand(40, 19, generator=generator) < 0.5, torch.randint(5, (40,), generator=generator)
    weather[::4] = NO_WEATHER
    kinds = draw_kinds(weather, generator)
    assert set(kinds[weather >= 0].tolist()) == {SENTENCE, CLASSES, EMPTY}
    assert set(kinds[weather < 0].tolist()) == {CLASSES, EMPTY}
    texts = []
    for row, place, kind in zip(seen, weather, kinds, strict=True):
        classes = " ".join(name for name, is_seen in zip(CLASS_NAMES, row, strict=True) if is_seen)
        sentence = f"A city street scene with {classes}, in {WEATHERS[place]} weather."
        texts.append({SENTENCE: sentence, CLASSES: classes, EMPTY: ""}[int(kind)])
    expected = tokenizer(texts, padding="max_length", max_length=77, return_tensors="pt").input_ids
    assert torch.equal(CaptionTokens(tokenizer, CPU)(seen, weather, kinds), expected)
