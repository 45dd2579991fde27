"""``convert``: convert a publisher's labels to trainIds; write manifest, integrity report and class statistics."""

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial as bind
from pathlib import Path

from tqdm.contrib.concurrent import process_map

from dginstyle.csv_files import write_csv
from dginstyle.datasets.adapter import CONVERTED_SUFFIX, Adapter, Pair, Skipped
from dginstyle.datasets.custom import custom_adapter
from dginstyle.datasets.integrity import Converted, Sizes, convert_pair
from dginstyle.datasets.options import ConversionOptions, CustomSet
from dginstyle.datasets.pairs import find_pairs
from dginstyle.datasets.registry import adapter_named
from dginstyle.datasets.report import Report, integrity_report
from dginstyle.datasets.statistics import label_file, write_statistics
from dginstyle.files import partial, progress, progress_interval

BATCH = 16
"""Pairs per task of a process."""

ANY_PAIRS = ConversionOptions()


def convert(
    *,
    adapter: CustomSet | str,
    raw: Path,
    split: str,
    output: Path,
    options: ConversionOptions = ANY_PAIRS,
    processes: int = 1,
) -> None:
    """Convert a data set's labels to trainIds and check every pair.

    Writes ``labels/``, ``manifest.csv``, ``report.json`` and three statistics files into ``output``. Damaged pairs are
    skipped and reported. The publisher's files are only read.

    Args:
        adapter: name of the publisher's layout and label ids, or a custom set as JSON.
        raw: the folder of the extracted packages.
        split: ``train`` or ``val``.
        output: the data set's folder; paths in the written files are relative to it.
        options: expected number of pairs, maximum number of skipped files, size of the labels, smallest image.
        processes: number of processes; the result does not depend on it.
    """
    source = custom_adapter(adapter) if isinstance(adapter, CustomSet) else adapter_named(adapter)
    pairs, lone = find_pairs(source, raw, split)
    refuse_overwriting(raw, output)
    with label_folder(output) as labels:
        outcomes = convert_all(pairs, source, labels, Sizes(options.label_size, options.smallest), processes)
        converted = [outcome for outcome in outcomes if isinstance(outcome, Converted)]
        skipped = lone + [outcome for outcome in outcomes if isinstance(outcome, Skipped)]
        report = integrity_report(source, split, options.expected_pairs, converted, skipped, output)
        check(report, options.max_skipped, output)
        write_manifest(output, converted)
        write_statistics(output, converted)
    report.write(output / "report.json")
    print(
        f"{source.title}: {report.pairs} pairs converted, {len(report.skipped)} files skipped, see {output}/report.json"
    )


def refuse_overwriting(raw: Path, output: Path) -> None:
    """Stop before replacing a folder of labels that this command did not write.

    Raises:
        SystemExit: ``output/labels`` is inside ``raw`` or contains other files.
    """
    labels = output / "labels"
    others = [path for path in labels.glob("[!.]*") if not path.name.endswith(CONVERTED_SUFFIX)]
    if others or labels.resolve().is_relative_to(raw.resolve()):
        raise SystemExit(f"{labels} was not written by `convert` and is not replaced: choose an --output outside {raw}")


@contextmanager
def label_folder(output: Path) -> Iterator[Path]:
    """Yield an empty folder for label maps, renamed to ``output/labels`` on success."""
    labels = partial(output / "labels")
    shutil.rmtree(labels, ignore_errors=True)
    labels.mkdir(parents=True)
    try:
        yield labels
        shutil.rmtree(output / "labels", ignore_errors=True)
        labels.rename(output / "labels")
    finally:
        shutil.rmtree(labels, ignore_errors=True)


def write_manifest(output: Path, pairs: Sequence[Converted]) -> None:
    """Write ``manifest.csv``: image and label paths relative to ``output``, and the label's size."""
    rows = [
        (os.path.relpath(pair.image, output), label_file(pair), pair.label_width, pair.label_height) for pair in pairs
    ]
    write_csv(output / "manifest.csv", ("image", "label", "width", "height"), rows)


def convert_all(
    pairs: Sequence[Pair], adapter: Adapter, folder: Path, sizes: Sizes, processes: int
) -> list[Converted | Skipped]:
    """Convert pairs, in several processes if requested, and return the results in order.

    Raises:
        SystemExit: a process was killed.
    """
    work = bind(convert_pair, adapter=adapter, folder=folder, sizes=sizes)
    description = f"convert {adapter.title}"
    if processes == 1:
        return [work(pair) for pair in progress(description, iterable=pairs, unit="pair")]
    bar = {"desc": description, "unit": "pair", "mininterval": progress_interval()}
    try:
        return process_map(work, pairs, max_workers=processes, chunksize=BATCH, **bar)
    except BrokenProcessPool:
        raise SystemExit(
            "a process was killed, probably out of memory: use fewer --processes (threads.convert in the configuration)"
        ) from None


def check(report: Report, max_skipped: int, output: Path) -> None:
    """Stop if the data set is not as expected, and write ``report.failed.json``.

    Raises:
        SystemExit: too many files were skipped, or the number of pairs is not the expected one.
    """
    failed = output / "report.failed.json"
    failed.unlink(missing_ok=True)
    if problems := report.problems(max_skipped):
        report.write(failed)
        examples = "".join(f"\n  {item['file']}: {item['reason']}" for item in report.skipped[:5])
        raise SystemExit(
            f"{report.adapter}: {'; '.join(problems)}; see {failed}"
            f"{examples and ', which lists all skipped files, starting with' + examples}"
        )
