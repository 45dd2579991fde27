"""``tabulate-sets``: the integrity reports of all sets as one table."""

import json
from pathlib import Path

import markdown

from dginstyle.files import whole_file, write_csv
from dginstyle.labels import CLASS_NAMES

SHOWN_SKIPPED = 100
"""Skipped files of a set that the page lists; report.json has them all."""


def tabulate_sets(*, reports: dict[str, Path], table: Path, page: Path) -> None:
    """Write what was found in each set as a table and as a page.

    Args:
        reports: the ``report.json`` that ``convert`` wrote, by set.
        table: CSV, a row per set: pairs, expected pairs, skipped files, sizes, share of each class in percent.
        page: the same as HTML, with the reason of every file that was left out.
    """
    found = {name: json.loads(path.read_text()) for name, path in reports.items()}
    header = ("set", "adapter", "split", "pairs", "expected", "skipped", "sizes", *CLASS_NAMES, "ignored")
    write_csv(table, header, [row(name, report) for name, report in found.items()])
    with whole_file(page) as unfinished:
        unfinished.write_text(markdown.markdown(page_text(found), extensions=["tables"]) + "\n")


def row(name: str, report: dict) -> list:
    """Return a set's line of the table."""
    expected = "any" if report["expected"] is None else report["expected"]
    counts = [report["pairs"], expected, len(report["skipped"]), sizes(report["sizes"])]
    return [name, report["adapter"], report["split"], *counts, *shares(report)]


def sizes(counts: dict[str, int]) -> str:
    """Return the sizes of a set in words: up to three by number of pairs, the most frequent first."""
    frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{size} ({pairs})" for size, pairs in frequent[:3])
    return f"{named}, {len(frequent) - 3} more" if len(frequent) > 3 else named


def shares(report: dict) -> list[str]:
    """Return the share of the pixels of each class, and of those that no class counts, in percent."""
    pixels = [*report["class_pixels"].values(), report["ignored_pixels"]]
    total = sum(pixels)
    return [f"{100 * count / total:.3f}" for count in pixels]


def page_text(found: dict[str, dict]) -> str:
    """Return the page as Markdown."""
    lines = ["# Data sets", "", "| set | split | pairs | expected | skipped | sizes |", "|---|---|---|---|---|---|"]
    for name, report in found.items():
        _, _, split, *counts = row(name, report)[:7]
        lines.append(f"| {name} | {split} | {' | '.join(map(str, counts))} |")
    lines += ["", "## Share of pixels, %", "", f"| class | {' | '.join(found)} |", "|---|" + "---|" * len(found)]
    columns = [shares(report) for report in found.values()]
    for name, *values in zip((*CLASS_NAMES, "ignored"), *columns, strict=True):
        lines.append(f"| {name} | {' | '.join(values)} |")
    for name, report in found.items():
        lines += ["", f"## Left out of {name}", "", *skipped_lines(report["skipped"])]
    return "\n".join(lines)


def skipped_lines(skipped: list[dict[str, str]]) -> list[str]:
    """Return a list item per file that was left out."""
    lines = [f"- `{item['file']}`: {item['reason']}" for item in skipped[:SHOWN_SKIPPED]]
    rest = len(skipped) - SHOWN_SKIPPED
    return (lines + [f"- and {rest} more, see report.json"] if rest > 0 else lines) or ["Nothing."]
