"""The tables of a plan, as lines of text, and durations and sizes for people."""

from collections.abc import Iterable, Iterator, Sequence

from dag import depths_of
from forecast import Forecast, Item, Row


def by_rule(forecast: Forecast) -> Iterator[str]:
    """Yield the table of the rules: jobs, time, memory and disk."""
    rules: dict[str, list[Item]] = {}
    depths = depths_of(forecast.jobs)
    for item in sorted(forecast.items, key=lambda item: depths[item.job.number]):
        rules.setdefault(item.job.rule, []).append(item)
    unit = "GPU" if forecast.machine.on_gpu else "core"
    heads = ("rule", "jobs", "done", "longest", f"{unit}-hours", "still", "memory", "card", "disk")
    yield from aligned([heads, *(of_rule(name, items, forecast.machine.on_gpu) for name, items in rules.items())])


def of_rule(name: str, items: Sequence[Item], on_gpu: bool) -> tuple[str, ...]:
    """Return the cells of a rule."""
    counted = [item for item in items if item.cost.gpus or not on_gpu]
    return (
        name,
        str(len(items)),
        str(sum(item.job.done for item in items)),
        duration(max(item.cost.seconds for item in items)),
        hours(sum(item.compute for item in counted)) if counted else "-",
        hours(sum(item.compute_left for item in counted)) if counted else "-",
        size(max(item.cost.host for item in items)),
        size(max(item.cost.card for item in items)) if on_gpu and counted else "-",
        size(sum(item.disk for item in items)),
    )


def by_row(forecast: Forecast) -> Iterator[str]:
    """Yield the table of the summary's rows: what each takes by itself and with what it shares."""
    unit = "GPU" if forecast.machine.on_gpu else "core"
    heads = ("row", "training set", f"own {unit}-hours", "shared with others", "still, of both")
    yield from aligned([heads, *map(of_row, forecast.rows)], words=2)


def of_row(row: Row) -> tuple[str, ...]:
    """Return the cells of a row."""
    return row.model, row.training_set, hours(row.own), hours(row.shared), hours(row.left)


def totals(forecast: Forecast) -> str:
    """Return the sentence about all jobs."""
    counted = [item for item in forecast.items if item.cost.gpus or not forecast.machine.on_gpu]
    unit = "GPU" if forecast.machine.on_gpu else "core"
    whole, left = (sum(getattr(item, name) for item in counted) for name in ("compute", "compute_left"))
    done = sum(item.job.done for item in forecast.items)
    jobs, hours_of = f"{len(forecast.items)} jobs, {done} of them done", f"{hours(whole)} {unit}-hours"
    return f"In all {jobs}; {hours_of}, {hours(left)} of them still to do."


def aligned(rows: Iterable[Sequence[str]], words: int = 1) -> Iterator[str]:
    """Yield rows of cells as lines with columns: the first ``words`` to the left, numbers to the right."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if column < words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def duration(seconds: float) -> str:
    """Return a duration with two or three digits: ``12 s``, ``3.5 min``, ``14 h``, ``4.9 days``."""
    for unit, length, until in (("s", 1, 60), ("min", 60, 5400), ("h", 3600, 172800)):
        if seconds < until:
            return f"{digits(seconds / length)} {unit}"
    return f"{digits(seconds / 86400)} days"


def hours(seconds: float) -> str:
    """Return hours with two or three digits."""
    return digits(seconds / 3600) if seconds >= 36 else "0" if not seconds else "< 0.01"


def size(count: float) -> str:
    """Return bytes with two or three digits, in powers of 1000: ``0``, ``12 kB``, ``4.3 GB``."""
    if not count:
        return "0"
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= length:
            return f"{digits(count / length)} {unit}"
    return f"{digits(count / 1e3)} kB"


def digits(value: float) -> str:
    """Return a number with one decimal below 10, with two below 1."""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:,.0f}"
