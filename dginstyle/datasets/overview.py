"""``tabulate-sets``: one table of the integrity reports of all sets."""

from dataclasses import asdict
from pathlib import Path

from dginstyle.datasets.report import Report
from dginstyle.files import whole_file
from dginstyle.labels import CLASS_NAMES
from dginstyle.rare_class_sampling import read_form
from dginstyle.text_page import text_page

SHOWN_SKIPPED = 100
"""Skipped files of a set listed on the page; report.json has all of them."""


def tabulate_sets(*, reports: dict[str, Path], table: Path, page: Path) -> None:
    """Write the integrity reports as a table and as an HTML page.

    Args:
        reports: the ``report.json`` that ``convert`` wrote, by set.
        table: CSV, a row per set: pairs, expected pairs, skipped files, sizes, share of each class in percent.
        page: the same as HTML, with the skipped files and the reasons.
    """
    import pandas as pd

    found = {name: asdict(read_form(path, Report)) for name, path in reports.items()}
    sets = pd.DataFrame([summary(report) for report in found.values()], pd.Index(found, name="set"))
    shares = pd.DataFrame([class_shares(report) for report in found.values()], sets.index)
    with whole_file(table) as unfinished:
        sets.join(shares).to_csv(unfinished, float_format="%.3f", lineterminator="\n")
    with pd.option_context("display.max_colwidth", None):  # do not truncate cells
        parts = ["# Data sets", sets.drop(columns="adapter").reset_index().to_html(index=False, border=0)]
    parts += ["## Share of pixels, %", shares.T.to_html(float_format="%.3f", border=0)]
    for name, report in found.items():
        parts += [f"## Left out of {name}", skipped_files(report["skipped"])]
    with whole_file(page) as unfinished:
        unfinished.write_text(text_page("Data sets", "\n\n".join(parts)))


def summary(report: dict) -> dict[str, object]:
    """Return the table's row of a set, without the class shares."""
    return {
        "adapter": report["adapter"],
        "split": report["split"],
        "pairs": report["pairs"],
        "expected": "any" if report["expected"] is None else report["expected"],
        "skipped": len(report["skipped"]),
        "sizes": sizes(report["sizes"]),
    }


def sizes(counts: dict[str, int]) -> str:
    """Return the three most frequent image sizes of a set, with their number of pairs."""
    frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{size} ({pairs})" for size, pairs in frequent[:3])
    return f"{named}, {len(frequent) - 3} more" if len(frequent) > 3 else named


def class_shares(report: dict) -> dict[str, float]:
    """Return the share of pixels of each class and of ignore, in percent."""
    pixels = [*report["class_pixels"].values(), report["ignored_pixels"]]
    total = sum(pixels) or 1
    return {name: 100 * count / total for name, count in zip((*CLASS_NAMES, "ignored"), pixels, strict=True)}


def skipped_files(skipped: list[dict[str, str]]) -> str:
    """Return the skipped files as a Markdown list."""
    lines = [f"- `{item['file']}`: {item['reason']}" for item in skipped[:SHOWN_SKIPPED]]
    if (rest := len(skipped) - SHOWN_SKIPPED) > 0:
        lines.append(f"- and {rest} more, see report.json")
    return "\n".join(lines) or "Nothing."
