"""``convert``: a publisher's labels to trainIds, with manifest, integrity report and class statistics."""

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial as bind
from pathlib import Path

from dginstyle.datasets.adapter import CONVERTED_SUFFIX, Adapter, Pair, Skipped, find_pairs
from dginstyle.datasets.custom import custom_adapter
from dginstyle.datasets.integrity import Converted, LabelSize, convert_pair
from dginstyle.datasets.options import ConvertOptions, CustomSet
from dginstyle.datasets.registry import adapter_named
from dginstyle.datasets.report import Report, Tally
from dginstyle.datasets.statistics import label_file, statistics_files
from dginstyle.files import partial, progress, whole_csv

BATCH = 16
"""Pairs that a process converts before it reports back."""


ANY_PAIRS = ConvertOptions()


def convert(
    *,
    adapter: CustomSet | str,
    raw: Path,
    split: str,
    output: Path,
    options: ConvertOptions = ANY_PAIRS,
    processes: int = 1,
) -> None:
    """Convert a data set's labels to trainIds and check every pair.

    Writes ``labels/``, ``manifest.csv``, ``report.json`` and the three statistics into ``output``. A damaged pair is
    left out and reported. The publisher's files are only read.

    Args:
        adapter: which publisher's layout and label ids, or those of a set of your own as JSON.
        raw: the folder that the packages were extracted to.
        split: ``train`` or ``val``.
        output: the data set's folder; paths in the files written are relative to it.
        options: expected number of pairs, tolerated number of skipped files and size of the labels.
        processes: how many processes decode images; the result is the same for any number.
    """
    source = custom_adapter(adapter) if isinstance(adapter, CustomSet) else adapter_named(adapter)
    pairs, lone = find_pairs(source, raw, split)
    refuse_overwriting(raw, output)
    tally = Tally(skipped=lone)
    with label_folder(output) as labels, tables(output) as add:
        for outcome in convert_all(pairs, source, labels, options.label_size, processes):
            tally.add(outcome)
            if isinstance(outcome, Converted):
                add(outcome)
        report = tally.report(source, split, options.expected_pairs, output)
        check(report, options.max_skipped, output)
    report.write(output / "report.json")
    print(
        f"{source.title}: {report.pairs} pairs converted, {len(report.skipped)} files skipped, see {output}/report.json"
    )


def refuse_overwriting(raw: Path, output: Path) -> None:
    """Stop before a folder of labels that this command did not write is replaced.

    Raises:
        SystemExit: ``output/labels`` lies in the publisher's tree or holds other files.
    """
    labels = output / "labels"
    foreign = [path for path in labels.glob("[!.]*") if not path.name.endswith(CONVERTED_SUFFIX)]
    if foreign or labels.resolve().is_relative_to(raw.resolve()):
        raise SystemExit(f"{labels} would be replaced, but it is not this command's: choose an --output outside {raw}")


@contextmanager
def label_folder(output: Path) -> Iterator[Path]:
    """Give an empty folder for label maps, which becomes ``output/labels`` at the end, unless something fails."""
    labels = partial(output / "labels")
    shutil.rmtree(labels, ignore_errors=True)
    labels.mkdir(parents=True)
    try:
        yield labels
        shutil.rmtree(output / "labels", ignore_errors=True)
        labels.rename(output / "labels")
    finally:
        shutil.rmtree(labels, ignore_errors=True)


@contextmanager
def tables(output: Path) -> Iterator[Callable[[Converted], None]]:
    """Give a function that writes a pair to the manifest and the statistics."""
    header = ("image", "label", "width", "height")
    with whole_csv(output / "manifest.csv", header) as write, statistics_files(output) as count:

        def add(pair: Converted) -> None:
            write((os.path.relpath(pair.image, output), label_file(pair), pair.label_width, pair.label_height))
            count(pair)

        yield add


def convert_all(
    pairs: Sequence[Pair], adapter: Adapter, folder: Path, size: LabelSize, processes: int
) -> Iterator[Converted | Skipped]:
    """Convert pairs in their order, over several processes when asked to."""
    work = bind(convert_pair, adapter=adapter, folder=folder, size=size)
    outcomes = parallel(work, pairs, processes) if processes > 1 else map(work, pairs)
    with progress(f"convert {adapter.title}", total=len(pairs), unit="pair") as bar:
        for outcome in outcomes:
            bar.update()
            yield outcome


def parallel(
    work: Callable[[Pair], Converted | Skipped], pairs: Sequence[Pair], processes: int
) -> Iterator[Converted | Skipped]:
    """Yield the outcomes in order; never more than a few batches wait, whatever the number of pairs.

    Raises:
        SystemExit: a process was killed.
    """
    waiting: deque[Future[list[Converted | Skipped]]] = deque()
    with ProcessPoolExecutor(processes) as pool:
        try:
            for start in range(0, len(pairs), BATCH):
                if len(waiting) >= 4 * processes:
                    yield from waiting.popleft().result()
                waiting.append(pool.submit(_batch, work, pairs[start : start + BATCH]))
            while waiting:
                yield from waiting.popleft().result()
        except BrokenProcessPool:
            raise SystemExit(
                "a process that converts labels was killed, probably for want of memory: use fewer --processes "
                "(threads.convert in the configuration)"
            ) from None


def _batch(work: Callable[[Pair], Converted | Skipped], pairs: Sequence[Pair]) -> list[Converted | Skipped]:
    return [work(pair) for pair in pairs]


def check(report: Report, max_skipped: int, output: Path) -> None:
    """Stop when the data set is not what the configuration expects, and leave the report as ``report.failed.json``.

    Raises:
        SystemExit: more files skipped than tolerated, or another number of pairs than expected.
    """
    failed = output / "report.failed.json"
    failed.unlink(missing_ok=True)
    if problems := report.problems(max_skipped):
        report.write(failed)
        examples = "".join(f"\n  {item['file']}: {item['reason']}" for item in report.skipped[:5])
        raise SystemExit(
            f"{report.adapter}: {'; '.join(problems)}. Is a package missing or damaged? "
            f"The full list of skipped files is in {failed}{examples and ', it begins with' + examples}"
        )
