"""Generated images beside their label maps, by weather, by label fidelity and by rare class."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from segmodel.labels import RARE_CLASSES
from segmodel.report.blocks import Gallery, GalleryItem, Image
from segmodel.report.pictures import Album, is_small
from segmodel.report.run import Run, read_if_any, read_lines

PER_GROUP = 4
"""Samples of each weather and class."""
DRAWN = "drawn for"
"""Before the class in the title of a gallery of the images that were drawn for it."""
Items = dict[int, dict[str, Any]]
"""Lines of a set's metadata by index."""


def galleries(run: Run, generator: str, album: Album) -> Iterator[Gallery]:
    """Yield a gallery per weather, of the lowest and highest label fidelity, and per rare class of a generated set.

    Beside each image stand its label map, the crop of the source image, and the images that other generators made of
    the same label map.

    Args:
        run: the run.
        generator: the set whose images are chosen, evenly from each group.
        album: encodes the images.
    """
    sets = {name: _items(run, name) for name in [generator, *(n for n in run.generators() if n != generator)]}
    own = list(sets[generator].values())
    groups = {name: [item for item in own if _weather(item) == name] for name in sorted(set(map(_weather, own)))}
    fidelities = fidelity_of_images(run, generator)
    measured = sorted(
        (item for item in own if item["file_name"] in fidelities), key=lambda item: fidelities[item["file_name"]]
    )
    if measured:
        groups["lowest label fidelity"], groups["highest label fidelity"] = measured[:PER_GROUP], measured[-PER_GROUP:]
    for name in RARE_CLASSES:
        if members := [item for item in own if item.get("class_name") == name]:
            groups[f"{DRAWN} {name}"] = members
    for title, members in groups.items():
        count = min(PER_GROUP, len(members))
        chosen = [members[len(members) * place // count] for place in range(count)]
        first = run.folder / "generated" / generator / chosen[0]["file_name"]
        items = [_item(run, item, generator, sets, album, fidelities.get(item["file_name"])) for item in chosen]
        yield Gallery(f"{title} ({len(members)} images)", items, first.is_file() and is_small(first))


def fidelity_of_images(run: Run, generator: str) -> dict[str, float]:
    """Return the label fidelity, 0 to 1, of each image of a generated set in which the judge model found any class.

    Args:
        run: the run.
        generator: the set.

    Returns:
        By file, relative to the set; empty if its quality has not been measured.
    """
    manifest = read_if_any(run.folder / "generated" / generator / "manifest.csv")
    try:
        with np.load(run.folder / "quality/generated" / f"{generator}.npz") as measured:
            found = measured["image_fidelity"]
    except (OSError, ValueError, KeyError):
        return {}
    if manifest is None or len(manifest) != len(found):
        return {}
    return {file: float(value) for file, value in zip(manifest["image"], found, strict=True) if np.isfinite(value)}


def _item(
    run: Run, item: dict[str, Any], generator: str, sets: dict[str, Items], album: Album, fidelity: float | None
) -> GalleryItem:
    folder = run.folder / "generated" / generator
    text = item.get("prompt") or "a label map"
    images = {"label map": album.label_map(folder / item["label"], f"label map: {text}")}
    if "source_image" in item:
        source = folder / item["source_image"]
        images["source"] = album.photograph(source, f"source image: {text}", crop=item["crop"])
    for name, items in sets.items():
        other = items.get(item.get("index", -1)) if name != generator else item
        if other and _origin(other) == _origin(item):
            path = run.folder / "generated" / name / other["file_name"]
            images[name] = album.photograph(path, f"image by {name}: {text}")
    return GalleryItem(images, _caption(item, fidelity))


def _items(run: Run, generator: str) -> Items:
    lines = read_lines(run.folder / "generated" / generator / "metadata.jsonl")
    return {line.get("index", place): line for place, line in enumerate(lines)}


def _origin(item: dict[str, Any]) -> tuple[Any, Any]:
    return item.get("source_label"), item.get("crop")


def _weather(item: dict[str, Any]) -> str:
    weather = item.get("weather")
    return "weather unknown" if weather is None else weather or "plain prompt"


def _caption(item: dict[str, Any], fidelity: float | None) -> str:
    parts = [f"no. {item['index']}"] if "index" in item else []
    parts += [item["class_name"]] if item.get("class_name") else []
    parts += [] if fidelity is None else [f"fidelity {100 * fidelity:.0f} %"]
    return ", ".join([*parts, _weather(item)])


def left_out(album: Album) -> str:
    """Return a sentence about images that were left out of the page, empty if there are none."""
    return f"{album.omitted} images are left out to keep the page small." if album.omitted else ""


def picture_of(path: Path, text: str, album: Album) -> Image:
    """Return a wide figure."""
    return album.photograph(path, text, side=1800)
