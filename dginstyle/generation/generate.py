"""``generate-shard``: one shard of a generated set, by a generator of any kind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dginstyle.csv_files import read_table, require_numbers
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.files import progress
from dginstyle.generation.item import Item, draw_item
from dginstyle.generation.kinds import GeneratorOptions, generator_options, load_kind
from dginstyle.generation.list import COLUMNS
from dginstyle.generation.shard import Shard, Writer
from dginstyle.identity import identify
from dginstyle.labels import NUM_CLASSES
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
    """Generate one shard of the list: images, label maps, a contact sheet and metadata.

    An image depends only on the seed and its index in the list. An interrupted shard keeps its finished images and
    resumes. ``output`` appears once the shard is complete.

    Args:
        options: an entry of ``generators`` in the configuration.
        inputs: path of each input that the kind of generator needs, such as prior and controlnet.
        data: folder of the prepared source set.
        list: the generation list that `draw-list` wrote.
        shard: index of the shard, from 0.
        shards: number of shards.
        output: folder of the shard.
        seed: the run's seed.
        name: the generator's name in the metadata; default: the list's folder.
    """
    chosen = generator_options(options)
    kind = load_kind(chosen.kind)
    require_inputs(chosen.kind, kind.needs(chosen), inputs)
    rows, source = shard_rows(list, shard, shards), SourceSet(data)
    source.require_room(chosen.crop, "the generator's crop")
    settings = {**chosen.decisive(), "seed": seed, "shard": [shard, shards]}
    origins = {need: path for need, path in inputs.items() if need != "images"}  # the shard's own are in its rows
    identity = identify(settings, {**origins, **files_of(rows, data), "list": list})
    generator = kind(chosen, inputs, source, seed)
    name = name or list.resolve().parent.name
    files = Shard(output, identity, data, name, generator.passes)
    with progress(f"generate {name}, shard {shard}", total=len(rows), unit="image") as bar, Writer(files.add) as writer:
        for batch in batches(rows, source, chosen, generator.batch_size, seed, inputs.get("prompts")):
            if not all(files.has(item.index) for item in batch):  # full batches, so that a resumed shard is identical
                writer.write(generator.draw(batch))
            bar.update(len(batch))
    files.finish([int(row["index"]) for row in rows])


def require_inputs(kind: str, needs: tuple[str, ...], inputs: dict[str, str]) -> None:
    """Check that a kind is given exactly the inputs it needs.

    Raises:
        SystemExit: an input is missing or unused.
    """
    if set(needs) != set(inputs):
        raise SystemExit(f"--inputs has {sorted(inputs)}, but this generator of kind {kind} needs {sorted(needs)}")


def batches(
    rows: list[dict[str, str]],
    source: SourceSet,
    options: GeneratorOptions,
    size: int,
    seed: int,
    prompts: str | None = None,
) -> Iterator[list[Item]]:
    """Yield the shard's items in batches, with crop and prompt drawn; ``prompts`` is a file of templates."""
    draw_prompt = options.prompts_of(options.images, seed, prompts)
    for first in range(0, len(rows), size):
        chosen = rows[first : first + size]
        yield [draw_item(row, source, options.crop, options.min_class_share, draw_prompt, seed) for row in chosen]


def shard_rows(path: Path, shard: int, shards: int) -> list[dict[str, str]]:
    """Return a shard's consecutive rows of the list; shard sizes differ by at most one row.

    Raises:
        SystemExit: there is no such shard, or a row has no index or class.
    """
    table = read_table(path, COLUMNS)
    for name, values in (("index", None), ("class", range(NUM_CLASSES))):
        require_numbers(path, table[name], values)
    rows = table.to_dict("records")
    if not 0 <= shard < shards <= len(rows):
        raise SystemExit(f"--shard {shard} of --shards {shards} is invalid: {path} has {len(rows)} rows")
    first, last = (len(rows) * number // shards for number in (shard, shard + 1))
    return rows[first:last]


def files_of(rows: list[dict[str, str]], data: Path) -> dict[str, Path]:
    """Return the images and label maps of rows of the list, by their names in the source set's folder."""
    return {row[part]: data / row[part] for row in rows for part in ("image", "label")}
