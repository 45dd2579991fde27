"""``import-generated``: a generated set from images and label maps that others made."""

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from dginstyle.csv_files import read_table, write_csv
from dginstyle.datasets.options import Adapter, IntegrityOptions, PackageOptions
from dginstyle.files import write_lines
from dginstyle.seeds import derive_rng

COLUMNS = ("image", "label", "width", "height")
PUBLISHED_NAME = re.compile(r"(?P<weather>a|n_)?(?P<frame>\d{5})_genid(?P<list_seed>\d+)")
"""Image names of the published DGInStyle: weather, number of the source frame, seed of the generation list."""
WEATHERS = {"a": "adverse", "n_": "night", None: ""}


class ImportedSetOptions(PackageOptions, IntegrityOptions):
    """A generated set that others made: a folder or archive of images and label maps."""

    kind: Literal["imported"] = Field(description="imported: images and label maps that others generated")
    adapter: Adapter = Field(
        "dginstyle",
        description="layout and label ids: dginstyle for images/*.png and labels/*_labelTrainIds.png, as published, or "
        "a mapping as for a custom data set",
    )


def import_generated(*, data: Path, output: Path, seed: int) -> None:
    """Write ``manifest.csv`` and ``metadata.jsonl`` of a generated set whose files `convert` has checked.

    The images are in random order, so that a part of the set is a fair sample of it.

    Args:
        data: the set's folder, written by `convert`.
        output: the generated set's folder; paths in the written files are relative to it.
        seed: the run's seed.
    """
    rows = read_table(data / "manifest.csv", COLUMNS).to_dict("records")
    order = derive_rng(seed, "imported set").permutation(len(rows))
    rows = [{**rows[place], **paths(rows[place], data, output)} for place in order]
    lines = [{"index": index, **metadata(row, output.resolve().name)} for index, row in enumerate(rows)]
    write_lines(output / "metadata.jsonl", lines)
    write_csv(output / "manifest.csv", COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
    weathers = Counter(line["weather"] for line in lines if "weather" in line)
    counts = "".join(f", {count} {weather or 'plain'}" for weather, count in sorted(weathers.items()))
    print(f"{output}: {len(rows)} images{counts}")


def paths(row: dict[str, Any], data: Path, output: Path) -> dict[str, str]:
    """Return image and label of a manifest's row relative to another folder."""
    # not resolved: raw/ may link to the user's folder, whose place can change
    return {key: os.path.relpath(data / row[key], output) for key in ("image", "label")}


def metadata(row: dict[str, Any], generator: str) -> dict[str, Any]:
    """Return the line of metadata of an image, with what a published name says about it."""
    line = {"file_name": row["image"], "label": row["label"], "generator": generator}
    if name := PUBLISHED_NAME.match(Path(row["image"]).name):
        line |= {"weather": WEATHERS[name["weather"]], "frame": name["frame"], "list_seed": int(name["list_seed"])}
    return line
