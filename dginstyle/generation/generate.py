"""``generate-shard``: one shard of a generated set, by a generator of any kind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dginstyle.csv_files import read_table
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.files import progress
from dginstyle.generation.item import Item, draw_item
from dginstyle.generation.kinds import GeneratorOptions, generator_options, load_kind
from dginstyle.generation.list import COLUMNS
from dginstyle.generation.shard import Shard
from dginstyle.identity import identify
from dginstyle.options import NonNegativeInt, PositiveInt


def generate_shard(
    *,
    options: dict[str, Any],
    inputs: dict[str, str],
    data: Path,
    list: Path,
    shard: NonNegativeInt,
    shards: PositiveInt,
    output: Path,
    seed: int,
    name: str | None = None,
) -> None:
    """Generate one shard of the list: images, their label maps, a picture of both, and a line of metadata each.

    An image depends on the seed and its number in the list alone. Interrupted and started again with the same
    arguments, finished images are kept. The folder appears under its name when the shard is complete.

    Args:
        options: an entry of ``generators`` in the configuration.
        inputs: place of each thing that the kind of generator needs, such as prior and controlnet.
        data: folder of the prepared source set.
        list: the generation list that `draw-list` wrote.
        shard: number of the shard, from 0.
        shards: number of shards.
        output: folder of the shard.
        seed: the run's seed.
        name: the generator's name in the metadata; by default that of the list's folder.
    """
    chosen = generator_options(options)
    kind = load_kind(chosen.kind)
    require_inputs(chosen.kind, kind.needs(chosen), inputs)
    rows, source = shard_rows(list, shard, shards), SourceSet(data)
    settings = {**chosen.decisive(), "seed": seed, "shard": [shard, shards]}
    origins = {need: place for need, place in inputs.items() if need != "images"}  # of these, its own are in the rows
    identity = identify(settings, {**origins, **files_of(rows, data), "list": list})
    generator = kind(chosen, inputs, source, seed)
    name = name or list.resolve().parent.name
    files = Shard(output, identity, data, name, generator.passes)
    with progress(f"generate {name}, shard {shard}", total=len(rows), unit="image") as bar:
        for batch in batches(rows, source, chosen, generator.batch_size, seed):
            if not all(files.has(item.index) for item in batch):  # whole, so that a resumed shard has the same batches
                for item, image in generator.draw(batch):
                    files.add(item, image)
            bar.update(len(batch))
    files.finish([int(row["index"]) for row in rows])


def require_inputs(kind: str, needs: tuple[str, ...], inputs: dict[str, str]) -> None:
    """Check that a kind gets what it needs, and nothing else.

    Raises:
        SystemExit: something is missing or not needed.
    """
    if set(needs) != set(inputs):
        raise SystemExit(f"--inputs has {sorted(inputs)}, but this generator of kind {kind} needs {sorted(needs)}")


def batches(
    rows: list[dict[str, str]], source: SourceSet, options: GeneratorOptions, size: int, seed: int
) -> Iterator[list[Item]]:
    """Yield the shard's items, drawn, in batches."""
    for first in range(0, len(rows), size):
        chosen = rows[first : first + size]
        yield [
            draw_item(row, source, options.crop, options.min_class_share, options.draw_prompt, seed) for row in chosen
        ]


def shard_rows(path: Path, shard: int, shards: int) -> list[dict[str, str]]:
    """Return a shard's lines of the list: consecutive ones, shards differing by one line at most.

    Raises:
        SystemExit: there is no such shard.
    """
    rows = read_table(path, COLUMNS).to_dict("records")
    if not 0 <= shard < shards <= len(rows):
        raise SystemExit(f"--shard {shard} of --shards {shards}: {path} has {len(rows)} lines, shards count from 0")
    first, last = (len(rows) * number // shards for number in (shard, shard + 1))
    return rows[first:last]


def files_of(rows: list[dict[str, str]], data: Path) -> dict[str, Path]:
    """Return the images and label maps of lines of the list by their names in the source set's folder."""
    return {row[part]: data / row[part] for row in rows for part in ("image", "label")}
