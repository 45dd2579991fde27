"""Parts that cards share: tables of numbers, licences, and where the artefact comes from."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dginstyle.cards.licences import Licence
from dginstyle.csv_files import read_table

PAPER = "https://arxiv.org/abs/2312.03048"
QUALITY = {
    "label_fidelity": "label fidelity, %",
    "distance": "distance to the targets",
    "diversity": "diversity",
    "rare_share": "rare classes, %",
}
"""Columns of ``quality.csv`` and their titles in a card."""


def markdown_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def quality_part(table: Path | None, sets: Sequence[str]) -> str:
    """Return the quality of generated sets; empty without a table or rows.

    Args:
        table: ``quality.csv``.
        sets: names of the sets.
    """
    rows = read_table(table, ("set", "images", *QUALITY)).to_dict("records") if table else []
    shown = [[row["set"], row["images"], *(short(row[name]) for name in QUALITY)] for row in rows if row["set"] in sets]
    if not shown:
        return ""
    text = (
        "A judge model, trained on images of the targets' kind, measures label fidelity (mIoU of its predictions with "
        "the label maps) and, in its features, the distance of the images to the targets and their diversity."
    )
    return f"{text}\n\n{markdown_table(['set', 'images', *QUALITY.values()], shown)}"


def scores_part(summary: Path | None, training_sets: Sequence[str]) -> str:
    """Return mIoU and gains of the segmentation models; empty without a table or rows.

    Args:
        summary: ``dg_miou_summary.csv``.
        training_sets: names of the training sets.
    """
    columns = ("model", "training_set", "target", "seeds", "mIoU_mean", "mIoU_std", "gain", "gain_low", "gain_high")
    rows = read_table(summary, columns).to_dict("records") if summary else []
    shown = [
        [row["model"], row["training_set"], row["target"], row["seeds"], spread(row), gain(row)]
        for row in rows
        if row["training_set"] in training_sets
    ]
    if not shown:
        return ""
    titles = ["model", "training set", "target", "seeds", "mIoU, %", "gain over the baseline, points"]
    return f"Segmentation models that were trained with these images:\n\n{markdown_table(titles, shown)}"


def spread(row: Mapping[str, str]) -> str:
    """Return the mean of a row of the summary and, if there are several seeds, the deviation."""
    return short(row["mIoU_mean"]) + (f" ± {short(row['mIoU_std'])}" if row["mIoU_std"] else "")


def gain(row: Mapping[str, str]) -> str:
    """Return the gain of a row of the summary with its interval, as far as there are any."""
    if not row["gain"]:
        return ""
    limits = f" ({float(row['gain_low']):+.1f} to {float(row['gain_high']):+.1f})" if row["gain_low"] else ""
    return f"{float(row['gain']):+.1f}{limits}"


def short(number: str) -> str:
    """Return a number of a table with one decimal; empty for none."""
    return f"{float(number):.1f}" if number else ""


def licence_part(licences: Mapping[str, Licence]) -> str:
    """Return what the terms of the parts ask for."""
    rows = [
        [what, f"[{one.title}]({one.link})" if one.link else one.title, one.terms] for what, one in licences.items()
    ]
    return markdown_table(["made from", "licence", "terms"], rows)


def origin_part(settings: Mapping[str, object], starts: Path | None) -> str:
    """Return settings and commits.

    Args:
        settings: what was set.
        starts: ``runs.jsonl`` of a training; None, or a file that is not there: its commits are unknown.
    """
    lines = starts.read_text().splitlines() if starts and starts.is_file() else []
    commits = [*filter(None, dict.fromkeys(json.loads(line)["commit"] for line in lines))]
    known = f"Code of commit {', '.join(commits)}. " if commits else ""
    return f"{known}Settings:\n\n```json\n{json.dumps(settings, indent=2)}\n```"


def with_parts(head: str, title: str, introduction: str, parts: Mapping[str, str]) -> str:
    """Return a card: metadata, title, introduction, and the parts that are not empty, by title."""
    sections = [f"## {name}\n\n{text}" for name, text in parts.items() if text]
    return "\n\n".join([f"---\n{head}\n---", f"# {title}", introduction, *sections]) + "\n"
