"""The files of one shard of a generated set, written so that an interrupted shard can resume."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import numpy as np

from dginstyle.checksums import is_unchanged, remember
from dginstyle.files import partial, put_in_place, refuse_overwriting, whole_file, write_json, write_lines
from dginstyle.generation.item import Item
from dginstyle.identity import Identity, read_identity, require_same
from dginstyle.labels import CLASS_NAMES
from dginstyle.pictures import contact_sheet, save_png
from dginstyle.rare_class_sampling import read_json


class Writer:
    """Writes a batch in a thread while the next one is drawn; at most one batch waits."""

    def __init__(self, add: Callable[[Item, np.ndarray], None]) -> None:
        """Start the thread; ``add`` writes an item and its image (H, W, 3) uint8."""
        self.add, self.thread, self.waiting = add, ThreadPoolExecutor(1, "writer"), None

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def write(self, batch: list[tuple[Item, np.ndarray]]) -> None:
        """Write a batch after the one before.

        Raises:
            Exception: whatever writing the batch before raised.
        """
        self._join()
        self.waiting = self.thread.submit(self._write, batch)

    def _write(self, batch: list[tuple[Item, np.ndarray]]) -> None:
        for item, image in batch:
            self.add(item, image)

    def _join(self) -> None:
        waiting, self.waiting = self.waiting, None
        if waiting:
            waiting.result()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for the last batch, and raise what writing it raised unless another error is under way."""
        self.thread.shutdown()
        if kind is None:
            self._join()


class Shard:
    """A shard, under ``<output>.partial`` until it is complete.

    An item is finished once its metadata, written last, exists.
    """

    def __init__(self, output: Path, identity: Identity, data: Path, generator: str, passes: int) -> None:
        """Resume an unfinished shard of the same identity, or start a new one.

        Args:
            output: the shard's folder.
            identity: everything that the images depend on.
            data: folder of the source set.
            generator: name of the generator.
            passes: number of sampling passes.

        Raises:
            SystemExit: the folder contains other files, or the unfinished shard of another run.
        """
        refuse_overwriting(output, "metadata.jsonl")
        self.output, self.folder, self.data = output, partial(output), data
        self.generator, self.passes = generator, passes
        self.lines, self.moved = self.folder / "items", output.with_name(f"{output.name}.partial.items")
        self.mark = self.lines / "identity.json"
        self._take_back()
        if any((self.folder / "images").glob("*.png")):
            require_same(self.folder, read_identity(self.mark), identity)
        write_json(self.mark, identity, indent=2)

    def has(self, index: int) -> bool:
        """Return whether an item is finished and its files are as they were written; any other is drawn again."""
        return all(is_unchanged(path) for path in (self._line(index), *(self.folder / file for file in files(index))))

    def add(self, item: Item, image: np.ndarray) -> None:
        """Write an item's image (H, W, 3) uint8, label map and metadata."""
        image_file, label_file = files(item.index)
        for array, file in ((image, image_file), (item.label, label_file)):
            with whole_file(self.folder / file) as unfinished:
                save_png(array, unfinished)
                remember(unfinished)
        write_json(self._line(item.index), self._metadata(item, image_file, label_file))

    def finish(self, indices: Sequence[int]) -> None:
        """Write the metadata and the contact sheet, and rename the shard to its final name."""
        lines = [read_json(self._line(index)) for index in indices]
        write_lines(self.folder / "metadata.jsonl", lines)
        pairs = [(self.folder / line["file_name"], self.folder / line["label"]) for line in lines]
        contact_sheet(pairs).save(self.folder / "pictures.png")
        self.lines.replace(self.moved)
        put_in_place(self.folder, self.output)
        for line in self.moved.glob("[0-9]*.json"):
            line.unlink()
        shutil.rmtree(self.moved)  # with the identity

    def _take_back(self) -> None:
        """Undo the last steps of a shard that was killed in the middle of them."""
        if not self.moved.exists():
            return
        known = (self.moved / self.mark.name).exists()  # deleted last
        if known and self.output.exists() and not self.folder.exists():
            self.output.replace(self.folder)
        if known and self.folder.exists() and not self.lines.exists():
            self.moved.replace(self.lines)
            self._restore_lines()
        else:
            shutil.rmtree(self.moved)

    def _restore_lines(self) -> None:
        """Write the deleted metadata of finished items again."""
        if (whole := self.folder / "metadata.jsonl").exists():
            for line in map(json.loads, whole.read_text().splitlines()):
                if not self._line(line["index"]).exists():
                    write_json(self._line(line["index"]), line)

    def _line(self, index: int) -> Path:
        return self.lines / f"{index:06}.json"

    def _metadata(self, item: Item, image_file: str, label_file: str) -> dict:
        source = Path(os.path.relpath(self.data.resolve(), self.output.resolve()))
        return {
            "index": item.index,
            "file_name": image_file,
            "label": label_file,
            "prompt": item.prompt,
            "weather": item.weather,
            "class": item.train_id,
            "class_name": CLASS_NAMES[item.train_id],
            "crop": list(item.crop),
            "seed": item.seed,
            "generator": self.generator,
            "passes": self.passes,
            "source_image": (source / item.source_image).as_posix(),
            "source_label": (source / item.source_label).as_posix(),
        }


def files(index: int) -> tuple[str, str]:
    """Return the files of an item's image and label map, relative to the shard."""
    return f"images/{index:06}.png", f"labels/{index:06}_labelTrainIds.png"
