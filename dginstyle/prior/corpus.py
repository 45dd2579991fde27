"""The mini prior's corpus: captioned photographs, and paintings, of many kinds of street."""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from dginstyle.files import whole_file
from dginstyle.labels import ID_TO_TRAIN_ID, NUM_CLASSES
from dginstyle.miniworld.appearance import WEATHERS, Style, prior_style, real_palette, recolour
from dginstyle.miniworld.camera import photograph
from dginstyle.miniworld.geometry import HEIGHT, WIDTH
from dginstyle.miniworld.layout import draw_layout
from dginstyle.miniworld.painting import paint
from dginstyle.miniworld.scene import STREETS
from dginstyle.miniworld.street import StreetStatistics
from dginstyle.seeds import derive_rng

SHARD = 1000
"""Streets in a file of the rendered corpus."""
NO_WEATHER = -1
"""The weather of a painting."""


@dataclass(frozen=True)
class Photographs:
    """A batch of photographs.

    Attributes:
        images: (N, 3, 64, 64) float32 RGB in −1..1.
        seen: (N, 19) bool, the classes in each.
        weather: (N,) int64, places in :data:`~dginstyle.miniworld.appearance.WEATHERS`, or :data:`NO_WEATHER`.
    """

    images: Tensor
    seen: Tensor
    weather: Tensor


@dataclass(frozen=True)
class Streets:
    """Photographed streets, out of which square photographs are cut.

    Attributes:
        images: (N, 3, 64, 128) uint8 RGB.
        seen: (N, 19, 128) bool: the columns in which each trainId is seen.
        weather: (N,) int64, places in :data:`~dginstyle.miniworld.appearance.WEATHERS`, or :data:`NO_WEATHER`.
    """

    images: Tensor
    seen: Tensor
    weather: Tensor

    @cached_property
    def photographed(self) -> Tensor:
        """The streets that are not painted, (P,) int64."""
        return (self.weather != NO_WEATHER).nonzero().squeeze(1)

    def draw(self, count: int, generator: torch.Generator, *, paintings: bool) -> Photographs:
        """Cut squares out of random streets, with paintings or without, at random places, half of them mirrored."""
        device = self.images.device
        streets = torch.arange(len(self.images), device=device) if paintings else self.photographed

        def integers(high: int) -> Tensor:
            return torch.randint(high, (count,), generator=generator, device=device)

        street, left, mirrored = streets[integers(len(streets))], integers(WIDTH - HEIGHT + 1), integers(2)
        place = torch.arange(HEIGHT, device=device)
        columns = left[:, None] + torch.where(mirrored[:, None] == 1, HEIGHT - 1 - place, place)  # (N, 64)
        index = columns[:, None, None].expand(-1, 3, HEIGHT, -1)
        images = self.images[street].gather(3, index)  # (N, 3, 64, 64)
        seen = self.seen[street].gather(2, columns[:, None].expand(-1, NUM_CLASSES, -1)).any(2)
        return Photographs(images.float() / 127.5 - 1, seen, self.weather[street])


def street_statistics(rng: np.random.Generator) -> StreetStatistics:
    """Draw a kind of street: half of them crowded with what is rare, a fifth seen through a longer lens.

    The longer lens shows things up to 1.5 times as large, as the second pass's windows do.
    """
    statistics = STREETS["prior"]
    if rng.random() < 0.5:
        statistics = replace(
            statistics,
            persons=5.0,
            trucks=0.8,
            buses=0.8,
            trains=0.4,
            motorcycles=1.2,
            bicycles=1.2,
            traffic_lights=1.6,
            traffic_signs=2.0,
        )
    if rng.random() < 0.2:
        statistics = _through_longer_lens(statistics, zoom=rng.uniform(1.2, 1.5), top=rng.uniform(0, 1))
    return statistics


def _through_longer_lens(statistics: StreetStatistics, zoom: float, top: float) -> StreetStatistics:
    """Return statistics of windows that a longer lens cuts out of the same views, ``top`` 0 at their top to 1."""
    above = top * (1 - 1 / zoom)
    degrees = np.rad2deg(2 * np.arctan(np.tan(np.deg2rad(statistics.field_of_view) / 2) / zoom))
    low, high = (max((share - above) * zoom, 0.08) for share in statistics.horizon)
    return replace(statistics, field_of_view=tuple(degrees), horizon=(low, high))


def painting_style(rng: np.random.Generator) -> Style:
    """Draw the style of a painting: arbitrary colours of all materials, in no particular weather.

    Stable Diffusion has seen games, drawings and posters. A prior that has seen photographs only knows its classes by
    their colours, and does not recognise them in a source of another palette.
    """
    palette = recolour(real_palette(), rng, shift=0.05, wild=1.0)
    air = {"fog": rng.uniform(0, 0.008), "haze": palette["sky_low"], "brightness": rng.uniform(0.65, 1.2)}
    return replace(prior_style(rng), palette=palette, weather="clear", **air)


def draw_street(index: int, seed: int, paintings: float = 0.0) -> tuple[np.ndarray, np.ndarray, int]:
    """Return image (3, 64, 128) uint8, seen (19, 128) bool and weather of street ``index`` of the corpus."""
    rng = derive_rng(seed, "street of the prior's corpus", index)
    layout = draw_layout(street_statistics(rng), rng)
    is_painting = derive_rng(seed, "painting of the prior's corpus", index).random() < paintings
    style = painting_style(rng) if is_painting else prior_style(rng)
    painted, labels = paint(layout, style, rng)
    image = photograph(painted, labels, layout.camera, style, rng).transpose(2, 0, 1)
    train_ids = ID_TO_TRAIN_ID[labels]
    seen = np.stack([(train_ids == train_id).any(0) for train_id in range(NUM_CLASSES)])
    return image, seen, NO_WEATHER if is_painting else WEATHERS.index(style.weather)


def _render_shard(path: Path, streets: range, seed: int, paintings: float) -> None:
    images, seen, weather = zip(*(draw_street(index, seed, paintings) for index in streets), strict=True)
    with whole_file(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, images=np.stack(images), seen=np.stack(seen), weather=np.array(weather))


def _shards(folder: Path, count: int) -> dict[Path, range]:
    """Return the files of a corpus and their streets."""
    firsts = range(0, count, SHARD)
    return {folder / f"streets_{first:06d}.npz": range(first, min(first + SHARD, count)) for first in firsts}


def render_corpus(folder: Path, count: int, seed: int, paintings: float = 0.0) -> None:
    """Render the corpus on all of this process's cores, except for the files of it that exist; they are whole.

    Args:
        folder: folder of the files.
        count: streets.
        seed: the run's seed.
        paintings: share of the streets that are painted rather than photographed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = {path: streets for path, streets in _shards(folder, count).items() if not path.exists()}
    if not missing:
        return
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as processes:
        rendered = processes.map(partial(_render_shard, seed=seed, paintings=paintings), missing, missing.values())
        for _ in tqdm(rendered, total=len(missing), desc="corpus", mininterval=5):
            pass


def read_corpus(folder: Path, count: int, device: torch.device) -> Streets:
    """Read a rendered corpus into memory (27 KB a street)."""
    parts = []
    for path in _shards(folder, count):
        with np.load(path) as arrays:
            parts.append([arrays[name] for name in ("images", "seen", "weather")])
    images, seen, weather = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Streets(*(torch.from_numpy(part).to(device) for part in (images, seen, weather.astype(np.int64))))
