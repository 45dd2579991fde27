"""``gallery``: a page of a generated set, images beside their label maps by class and weather."""

import base64
import io
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import zip_longest
from pathlib import Path
from string import Template

from PIL import Image

from dginstyle.captions import classes_present
from dginstyle.files import whole_file
from dginstyle.generation.samples import evenly_spread, read_metadata
from dginstyle.images import read_image
from dginstyle.labels import CLASS_NAMES, PALETTE, colourise, read_label
from dginstyle.options import PositiveInt

PAGE = Path(__file__).with_name("gallery.html")
PLAIN, UNKNOWN = "plain prompt", "unknown"
SIDE = 256
"""Longest side of an image in the page, in pixels."""
SMALL = 128
"""Sides of images that are stored without loss and enlarged without smoothing."""


def gallery(*, generated: Path, output: Path, images: PositiveInt = 240) -> None:
    """Write one HTML file that shows a generated set; it needs no network.

    Args:
        generated: folder of a gathered generated set, also one that others made.
        output: HTML file to write.
        images: how many images are shown at most, as evenly from all weathers and classes as they allow.

    Raises:
        SystemExit: the set is not gathered, or one of its files cannot be read.
    """
    items = read_metadata(generated / "metadata.jsonl")
    shown = chosen(items, images)
    with whole_file(output) as unfinished:
        unfinished.write_text(page(generated, items, shown))
    print(f"{output}: {len(shown)} of {len(items)} images, {output.stat().st_size / 1e6:.1f} MB")


def weather_of(item: dict) -> str:
    """Return the weather in an item's prompt."""
    return item["weather"] or PLAIN if "weather" in item else UNKNOWN


def class_of(item: dict) -> str:
    """Return the class that an item's label map was drawn for."""
    return item.get("class_name", UNKNOWN)


def chosen(items: Sequence[dict], most: int) -> list[dict]:
    """Return at most so many items, in their order: in turn one of each weather and class."""
    groups: dict[tuple[str, str], list[dict]] = {}
    for item in items:
        groups.setdefault((weather_of(item), class_of(item)), []).append(item)
    spread = [[group[place] for place in evenly_spread(len(group), most)] for _, group in sorted(groups.items())]
    turns = [item for turn in zip_longest(*spread) for item in turn if item is not None]
    return sorted(turns[:most], key=lambda item: item["index"])


def page(generated: Path, items: Sequence[dict], shown: Sequence[dict]) -> str:
    """Return the page.

    Args:
        generated: folder of the set.
        items: all lines of its metadata.
        shown: those of the images to show.
    """
    name = items[0].get("generator") or generated.resolve().name
    figures = [figure(generated, item) for item in shown]
    present = sorted({train_id for _, classes in figures for train_id in classes})
    by_weather: dict[str, list[str]] = {}
    for item, (text, _) in zip(shown, figures, strict=True):
        by_weather.setdefault(weather_of(item), []).append(text)
    return Template(PAGE.read_text()).substitute(
        title=escape(f"Generated set {name}"),
        summary=f"{len(shown)} of {len(items)} images, each beside its label map.",
        weathers="".join(options(map(weather_of, shown))),
        classes="".join(options(map(class_of, shown))),
        legend="".join(map(legend_entry, present)),
        sections="\n".join(section(weather, by_weather[weather]) for weather in sorted(by_weather)),
    )


def options(names: Iterable[str]) -> Iterator[str]:
    """Yield the entries of a menu."""
    for name in sorted(set(names)):
        yield f"<option>{escape(name)}</option>"


def legend_entry(train_id: int) -> str:
    """Return a class with its colour."""
    colour = "#{:02x}{:02x}{:02x}".format(*PALETTE[train_id])
    return f'<li><span style="background: {colour}"></span>{escape(CLASS_NAMES[train_id])}</li>'


def section(weather: str, figures: Sequence[str]) -> str:
    """Return the images of a weather."""
    identifier = escape(f"weather-{weather.replace(' ', '-')}")
    content = f'<h2 id="{identifier}">{escape(weather)}</h2><div class="grid">{"".join(figures)}</div>'
    return f'<section aria-labelledby="{identifier}">{content}</section>'


def figure(generated: Path, item: dict) -> tuple[str, list[int]]:
    """Return an image beside its label map, and the trainIds in it.

    Raises:
        SystemExit: a file of the set is missing or damaged.
    """
    try:
        label, image = read_label(generated / item["label"]), read_image(generated / item["file_name"])
    except (KeyError, OSError, ValueError) as error:
        raise SystemExit(f"a sample of {generated} cannot be read ({error}): generate and gather again") from None
    classes = classes_present(label)
    named = ", ".join(CLASS_NAMES[train_id] for train_id in classes)
    caption = f"{class_of(item)}, {weather_of(item)}; image {item['index']}"
    prompt = f' title="{escape(item["prompt"])}"' if "prompt" in item else ""
    pair = embedded(Image.fromarray(image), f"generated image: {named}", Image.Resampling.LANCZOS)
    pair += embedded(Image.fromarray(colourise(label)), f"label map: {named}", Image.Resampling.NEAREST)
    data = f'data-weather="{escape(weather_of(item))}" data-class="{escape(class_of(item))}"'
    content = f'<div class="pair">{pair}</div><figcaption{prompt}>{escape(caption)}</figcaption>'
    return f"<figure {data}>{content}</figure>", classes


def embedded(picture: Image.Image, text: str, resampling: Image.Resampling) -> str:
    """Return an image inside the page; large photographs as JPEG, all else without loss."""
    picture.thumbnail((SIDE, SIDE), resampling)
    is_small = max(picture.size) <= SMALL
    is_exact = is_small or resampling == Image.Resampling.NEAREST
    buffer = io.BytesIO()
    if is_exact:
        picture.save(buffer, "PNG", optimize=True)
    else:
        picture.save(buffer, "JPEG", quality=85)
    kind, content = "png" if is_exact else "jpeg", base64.b64encode(buffer.getvalue()).decode()
    size = ' class="small"' if is_small else ""
    return f'<img{size} alt="{escape(text)}" loading="lazy" src="data:image/{kind};base64,{content}">'
