"""``generate``: one shard of a generated set."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from jsonargparse.typing import ClosedUnitInterval, PositiveInt

from dginstyle.captions import require_fields
from dginstyle.datasets.prepared_set import SourceSet, read_rows
from dginstyle.files import progress
from dginstyle.generation.item import Item, PromptOptions, draw_item
from dginstyle.generation.list import COLUMNS
from dginstyle.generation.shard import Shard
from dginstyle.generation.synthesis import SamplingOptions, Synthesiser
from dginstyle.identity import identify


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(SamplingOptions):
    """The values of ``generators.<name>`` in the configuration.

    Attributes:
        min_class_share: a crop is kept when its class covers more than this share.
        weather_probability: share of prompts that name a weather.
        weathers: the weathers to draw from.
        weather_prompt: a text with {classes} and {weather}.
        plain_prompt: a text with {classes}.
        batch_size: images in a batch.
    """

    min_class_share: ClosedUnitInterval
    weather_probability: ClosedUnitInterval
    weathers: tuple[str, ...]
    weather_prompt: str
    plain_prompt: str
    batch_size: PositiveInt

    @property
    def prompts(self) -> PromptOptions:
        """The part that decides prompts."""
        return PromptOptions(self.weathers, self.weather_probability, self.weather_prompt, self.plain_prompt)


def generate_shard(
    *,
    prior: str,
    controlnet: Path,
    data: Path,
    list: Path,
    shard: int,
    shards: PositiveInt,
    output: Path,
    options: GenerateOptions,
    seed: int,
    unet: Path | None = None,
    name: str | None = None,
) -> None:
    """Generate one shard of the list: images, their label maps, a picture of both, and a line of metadata each.

    An image depends on the seed and its number in the list alone. Interrupted and started again with the same
    arguments, finished images are kept. The folder appears under its name when the shard is complete.

    Args:
        prior: diffusers folder or hub id of U^P.
        controlnet: diffusers folder of the ControlNet.
        data: folder of the prepared source set.
        list: the generation list that `draw-list` wrote.
        shard: number of the shard, from 0.
        shards: number of shards.
        output: folder of the shard.
        options: the values of ``generators.<name>`` in the configuration.
        seed: the run's seed.
        unet: diffusers folder of U^S, to do without the style swap.
        name: the generator's name in the metadata; by default that of the list's folder.
    """
    check_prompts(options)
    rows = shard_rows(list, shard, shards)
    settings = {**asdict(options), "seed": seed, "shard": [shard, shards]}
    networks = {"prior": prior, "controlnet": controlnet, **({"unet": unet} if unet else {})}
    identity = identify(settings, {**networks, **files_of(rows, data), "list": list})
    passes = 2 if options.second_pass else 1
    files = Shard(output, identity, data, name or list.resolve().parent.name, passes)
    synthesiser = Synthesiser.load(prior, controlnet, unet, options)
    with progress(f"generate shard {shard}", total=len(rows), unit="image") as bar:
        for batch in batches(rows, SourceSet(data), options, seed):
            generate_batch(batch, synthesiser, files)
            bar.update(len(batch))
    files.finish([int(row["index"]) for row in rows])


def generate_batch(batch: list[Item], synthesiser: Synthesiser, files: Shard) -> None:
    """Generate a batch that is not finished; whole, so that a resumed shard has the same batches and the same bytes."""
    if all(files.has(item.index) for item in batch):
        return
    images = synthesiser([item.label for item in batch], [item.prompt for item in batch], [item.seed for item in batch])
    for item, image in zip(batch, images, strict=True):
        files.add(item, image)


def batches(rows: list[dict[str, str]], source: SourceSet, options: GenerateOptions, seed: int) -> Iterator[list[Item]]:
    """Yield the shard's items, drawn, in batches."""
    for first in range(0, len(rows), options.batch_size):
        chosen = rows[first : first + options.batch_size]
        yield [draw_item(row, source, options.crop, options.min_class_share, options.prompts, seed) for row in chosen]


def shard_rows(path: Path, shard: int, shards: int) -> list[dict[str, str]]:
    """Return a shard's lines of the list: consecutive ones, shards differing by one line at most.

    Raises:
        SystemExit: there is no such shard.
    """
    rows = read_rows(path, COLUMNS)
    if not 0 <= shard < shards <= len(rows):
        raise SystemExit(f"--shard {shard} of --shards {shards}: {path} has {len(rows)} lines, shards count from 0")
    first, last = (len(rows) * number // shards for number in (shard, shard + 1))
    return rows[first:last]


def files_of(rows: list[dict[str, str]], data: Path) -> dict[str, Path]:
    """Return the images and label maps of lines of the list by their names in the source set's folder."""
    return {row[part]: data / row[part] for row in rows for part in ("image", "label")}


def check_prompts(options: GenerateOptions) -> None:
    """Check the prompts' templates before anything is loaded.

    Raises:
        SystemExit: a template has an unknown field, or there is no weather to draw.
    """
    try:
        require_fields(options.weather_prompt, {"classes", "weather"})
        require_fields(options.plain_prompt, {"classes"})
    except ValueError as error:
        raise SystemExit(str(error)) from None
    if options.weather_probability and not options.weathers:
        raise SystemExit("weather_probability is above 0, but weathers is empty")
