"""``export-set``: a generated set as a folder that the hub's viewer and ``datasets.load_dataset`` read."""

import os
import shutil
from pathlib import Path

from dginstyle.cards.croissant import croissant
from dginstyle.cards.options import CardOptions
from dginstyle.checksums import sha256_of
from dginstyle.files import whole_folder, write_json, write_lines
from dginstyle.generation.samples import read_metadata

KEPT = ("index", "prompt", "weather", "class", "class_name", "crop", "seed", "generator", "passes")
"""Keys of the metadata that stay; the source image is named without its place on this machine."""


def export_set(*, generated: Path, card: Path, output: Path, facts: CardOptions) -> None:
    """Write a generated set as an image folder: ``metadata.jsonl``, ``images/``, ``labels/``, card, ``croissant.json``.

    Images and label maps are hard links where the file system allows it.

    Args:
        generated: folder of a gathered generated set.
        card: its data card, which becomes ``README.md``.
        output: folder to write.
        facts: what the card says of the run besides its numbers.

    Raises:
        SystemExit: the set is not gathered, or one of its files is missing.
    """
    items = read_metadata(generated / "metadata.jsonl")
    with whole_folder(output) as folder:
        for part in ("images", "labels"):
            (folder / part).mkdir()
        lines = [exported(generated, item, folder) for item in items]
        write_lines(folder / "metadata.jsonl", lines)
        shutil.copyfile(card, folder / "README.md")
        digest = sha256_of(folder / "metadata.jsonl")
        write_json(folder / "croissant.json", croissant(generated.resolve().name, lines, digest, facts), indent=2)


def exported(generated: Path, item: dict, folder: Path) -> dict:
    """Link image and label map of a line of metadata into a folder, and return the line for it."""
    name = f"{item['index']:06}"
    image, label = (Path(item[key]) for key in ("file_name", "label"))
    places = {"file_name": f"images/{name}{image.suffix}", "label_file_name": f"labels/{name}_labelTrainIds.png"}
    for origin, place in ((image, places["file_name"]), (label, places["label_file_name"])):
        link(generated / origin, folder / place)
    known = {key: item[key] for key in KEPT if key in item}
    source = {"source_image": Path(item["source_image"]).name} if "source_image" in item else {}
    return {**places, **known, **source}


def link(origin: Path, place: Path) -> None:
    """Link a file, or copy it to another file system.

    Raises:
        SystemExit: it does not exist.
    """
    try:
        os.link(origin.resolve(), place)
    except FileNotFoundError:
        raise SystemExit(f"{origin} is missing, but listed in metadata.jsonl: generate and gather again") from None
    except OSError:
        shutil.copyfile(origin, place)
