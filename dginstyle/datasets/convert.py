"""``convert``: a publisher's labels to trainIds, with manifest, integrity report and class statistics."""

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial as bind
from pathlib import Path

from dginstyle.datasets.adapter import CONVERTED_SUFFIX, Adapter, Pair, Skipped, find_pairs
from dginstyle.datasets.files import partial, progress, write_csv, write_json
from dginstyle.datasets.integrity import Converted, convert_pair
from dginstyle.datasets.registry import adapter_named
from dginstyle.datasets.statistics import label_file, write_statistics
from dginstyle.labels import IGNORE, NUM_CLASSES


@dataclass(frozen=True)
class ConvertOptions:
    """What a data set must amount to.

    Attributes:
        expected_pairs: number of usable pairs; None accepts any.
        max_skipped: how many damaged or lone files are tolerated.
    """

    expected_pairs: int | None = None
    max_skipped: int = 0


ANY_PAIRS = ConvertOptions()


@dataclass(frozen=True)
class Report:
    """What was found: the content of ``report.json``.

    Attributes:
        pairs: number of usable pairs; ``expected`` is what the configuration says, None for any.
        sizes: number of pairs by ``<width>x<height>``.
        skipped: ``file`` (relative to the data set's folder) and ``reason`` of each file left out.
        class_pixels: pixels by trainId over the data set.
    """

    adapter: str
    split: str
    pairs: int
    expected: int | None
    sizes: dict[str, int]
    skipped: list[dict[str, str]]
    class_pixels: dict[str, int]
    ignored_pixels: int

    def problems(self, max_skipped: int) -> list[str]:
        """Return in words what makes the data set unusable."""
        problems = []
        if len(self.skipped) > max_skipped:
            problems.append(f"{len(self.skipped)} files were skipped, at most {max_skipped} may be (max_skipped)")
        if self.expected not in (None, self.pairs) or not self.pairs:
            wanted = "at least one" if self.expected is None else self.expected
            problems.append(f"{self.pairs} usable pairs were found, {wanted} expected (expected_pairs)")
        return problems


def convert(
    *, adapter: str, raw: Path, split: str, output: Path, options: ConvertOptions = ANY_PAIRS, processes: int = 1
) -> None:
    """Convert a data set's labels to trainIds and check every pair.

    Writes ``labels/``, ``manifest.csv``, ``report.json`` and the three statistics into ``output``. A damaged pair is
    left out and reported. The publisher's files are only read.

    Args:
        adapter: which publisher's layout and label ids.
        raw: the folder that the packages were extracted to.
        split: ``train`` or ``val``.
        output: the data set's folder; paths in the files written are relative to it.
        options: expected number of pairs and tolerated number of skipped files.
        processes: how many processes decode images; the result is the same for any number.
    """
    source = adapter_named(adapter)
    pairs, skipped = find_pairs(source, raw, split)
    refuse_overwriting(raw, output)
    labels = partial(output / "labels")
    shutil.rmtree(labels, ignore_errors=True)
    labels.mkdir(parents=True)
    try:
        outcomes = list(convert_all(pairs, source, labels, processes))
        converted = [outcome for outcome in outcomes if isinstance(outcome, Converted)]
        skipped += [outcome for outcome in outcomes if isinstance(outcome, Skipped)]
        report = summary(source, split, converted, skipped, options.expected_pairs, output)
        check(report, options.max_skipped, output)
        finish(labels, converted, report, output)
    finally:
        shutil.rmtree(labels, ignore_errors=True)
    print(
        f"{source.title}: {len(converted)} pairs converted, {len(skipped)} files skipped, see {output / 'report.json'}"
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


def convert_all(pairs: Sequence[Pair], adapter: Adapter, folder: Path, processes: int) -> Iterator[Converted | Skipped]:
    """Convert pairs in their order, over several processes when asked to."""
    work = bind(convert_pair, adapter=adapter, folder=folder)
    with ExitStack() as stack:
        outcomes: Iterable[Converted | Skipped]
        if processes > 1:
            pool = stack.enter_context(ProcessPoolExecutor(processes))
            outcomes = pool.map(work, pairs, chunksize=16)
        else:
            outcomes = map(work, pairs)
        bar = stack.enter_context(progress(f"convert {adapter.title}", total=len(pairs), unit="pair"))
        for outcome in outcomes:
            bar.update()
            yield outcome


def summary(
    adapter: Adapter,
    split: str,
    pairs: Sequence[Converted],
    skipped: Sequence[Skipped],
    expected: int | None,
    output: Path,
) -> Report:
    """Return the integrity report of a data set."""
    pixels: Counter[int] = Counter()
    for pair in pairs:
        pixels.update(pair.pixels)
    return Report(
        adapter=adapter.name,
        split=split,
        pairs=len(pairs),
        expected=expected,
        sizes=dict(sorted(Counter(f"{pair.width}x{pair.height}" for pair in pairs).items())),
        skipped=[{"file": os.path.relpath(s.file, output), "reason": s.reason} for s in skipped],
        class_pixels={str(train_id): pixels[train_id] for train_id in range(NUM_CLASSES)},
        ignored_pixels=pixels[IGNORE],
    )


def check(report: Report, max_skipped: int, output: Path) -> None:
    """Stop when the data set is not what the configuration expects, and leave the report as ``report.failed.json``.

    Raises:
        SystemExit: more files skipped than tolerated, or another number of pairs than expected.
    """
    failed = output / "report.failed.json"
    failed.unlink(missing_ok=True)
    if problems := report.problems(max_skipped):
        write_json(failed, asdict(report), indent=2)
        examples = "".join(f"\n  {item['file']}: {item['reason']}" for item in report.skipped[:5])
        raise SystemExit(
            f"{report.adapter}: {'; '.join(problems)}. Is a package missing or damaged? "
            f"The full list of skipped files is in {failed}{examples and ', it begins with' + examples}"
        )


def finish(labels: Path, pairs: Sequence[Converted], report: Report, output: Path) -> None:
    """Put the finished label folder in place and write manifest, report and statistics."""
    shutil.rmtree(output / "labels", ignore_errors=True)
    labels.rename(output / "labels")
    write_statistics(pairs, output)
    rows = [(os.path.relpath(pair.image, output), label_file(pair), pair.width, pair.height) for pair in pairs]
    write_csv(output / "manifest.csv", ("image", "label", "width", "height"), rows)
    write_json(output / "report.json", asdict(report), indent=2)
