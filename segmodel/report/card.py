"""Verb ``write-card``: the model card of a segmentation model, trained on all its training sets."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCardData
from pydantic import Field

from segmodel.files import read_json, whole_file
from segmodel.options import Options
from segmodel.tables.evaluations import ORIGIN

PAPER = "https://arxiv.org/abs/2312.03048"
ENCODERS = {
    "mit_b": (
        "MiT encoder pretrained on ImageNet (NVIDIA)",
        "[NVIDIA Source Code License for SegFormer](https://github.com/NVlabs/SegFormer/blob/master/LICENSE)",
        "research and evaluation only, no commercial use",
    ),
    "dinov2": (
        "DINOv2 encoder (Meta)",
        "[Apache License 2.0](https://github.com/facebookresearch/dinov2/blob/main/LICENSE)",
        "keep the notice",
    ),
    "resnet": (
        "ResNet pretrained on ImageNet (torchvision)",
        "[BSD 3-Clause](https://github.com/pytorch/vision/blob/main/LICENSE)",
        "keep the notice",
    ),
}
"""What encoder weights are, and their licence and terms, by a part of their address."""
OWN = ("apache-2.0", "[Apache License 2.0](https://www.apache.org/licenses/LICENSE-2.0)")
GTA = "[terms of GTA5 (Playing for Data)](https://download.visinf.tu-darmstadt.de/data/from_games/)"
INTRODUCTION = """{model} for semantic segmentation of street scenes (the 19 Cityscapes classes), trained on the source
set {source} alone and with images that [DGInStyle]({paper}) (ECCV 2024) generated from its label maps, and evaluated on
sets that it has never seen. A folder per training set and seed.

```
python -m segmodel predict --weights {place}/weights.safetensors --images FOLDER --output predictions \\
    --options '{options}'
```"""
USE = """Intended: research on domain generalisation, and comparison with other methods on the same sets. Not intended:
driving, surveillance, or decisions about people: the model fails on classes and conditions that are rare in its
training data, with no sign of it in its output."""


class SegmenterFacts(Options):
    """What a segmentation model's card says besides its numbers."""

    benchmark: str = Field(description="name of the benchmark")
    note: str = Field("", description="a sentence that warns of the numbers")
    place: str = Field(
        description="where the trainings are, for the card's example; `publish` puts the repository there"
    )
    source: str = Field(description="name of the source set")
    source_adapter: str | None = Field(description="the publisher's layout of the source; null: an own set")
    source_is_rendered: bool = Field(description="whether the mini world rendered the source")
    generated_is_own: bool = Field(
        description="whether prior and source of the generated images are the repository's own"
    )
    predict: dict[str, Any] = Field(description="size, crop and stride for ``predict``")
    settings: dict[str, Any] = Field(description="options of the training")


def write_card(*, model: str, records: list[Path], summary: Path, output: Path, facts: SegmenterFacts) -> None:
    """Write the model card of a segmentation model, the text of its ``README.md`` on the hub.

    Args:
        model: the model's name in the configuration.
        records: ``training.json`` of each of its trainings.
        summary: ``dg_miou_summary.csv``.
        output: Markdown file to write.
        facts: what the card says besides its numbers.

    Raises:
        SystemExit: a record or the table is missing or damaged.
    """
    trainings = [read_json(path, "`train` writes it next to the weights; run `train` again") for path in records]
    rows = rows_of(summary, model)
    licences = [*made_from(trainings, facts)]
    data = ModelCardData(
        library_name="segmodel",
        license=OWN[0] if all(OWN[1] == licence for _, licence, _ in licences) else "other",
        pipeline_tag="image-segmentation",
        tags=["dginstyle", "semantic-segmentation", "domain-generalization"],
        model_name=model,
        eval_results=results_of(rows, facts.benchmark),
    )
    first = f"{facts.place}/{trainings[-1]['training_set']}/seed{trainings[-1]['seed']}"
    introduction = INTRODUCTION.format(
        model=model, source=facts.source, paper=PAPER, place=first, options=json.dumps(facts.predict)
    )
    commits = sorted({commit for training in trainings for commit in training.get("commits", ())})
    settings = f"```json\n{json.dumps(facts.settings, indent=2)}\n```"
    sections = {
        "Caution": facts.note,
        "Use": USE,
        "Licence": table(["made from", "licence", "terms"], licences),
        "Results": results_part(rows),
        "Training": (f"Code of commit {', '.join(commits)}. " if commits else "") + f"Options:\n\n{settings}",
    }
    parts = [f"## {title}\n\n{text}" for title, text in sections.items() if text]
    head = [f"---\n{data.to_yaml()}\n---", f"# {model}, benchmark {facts.benchmark}", introduction]
    with whole_file(output) as unfinished:
        unfinished.write_text("\n\n".join([*head, *parts]) + "\n")


def rows_of(summary: Path, model: str) -> pd.DataFrame:
    """Return the rows of a model in the summary.

    Raises:
        SystemExit: the table cannot be read, or has none.
    """
    try:
        rows = pd.read_csv(summary, keep_default_na=False, na_values=[""])
        rows = rows[rows["model"] == model]
    except (OSError, ValueError, KeyError) as error:
        raise SystemExit(f"{summary}: cannot be read ({error}); run `summarise` again") from None
    if rows.empty:
        raise SystemExit(f"{summary}: no row of {model}; evaluate it and run `summarise` again")
    return rows


def made_from(trainings: Iterable[dict], facts: SegmenterFacts) -> Iterator[tuple[str, str, str]]:
    """Yield what the weights are made from, its licence and its terms."""
    source = f"source set, {facts.source}" + (" of the mini world" if facts.source_is_rendered else "")
    if facts.source_is_rendered:
        yield source, OWN[1], "made by this repository alone: keep the notice"
    elif facts.source_adapter == "gta":
        yield source, GTA, "research and education only, no commercial use"
    else:
        yield source, f"terms of {facts.source}", "ask whoever made it"
    networks = [training["settings"]["network"] for training in trainings]
    weights = {str(network.get("encoder_weights") or "") for network in networks}
    for part, licence in ENCODERS.items():
        if any(part in name for name in weights):
            yield licence
    generators = {origin for training in trainings for origin in training["samples_seen"]} - {"source"}
    if generators:
        generated = f"generated images: {', '.join(sorted(generators))}"
        own = (OWN[1], "made by this repository alone: keep the notice")
        yield generated, *(own if facts.generated_is_own else ("that of their data card", "see there"))


def results_of(rows: pd.DataFrame, benchmark: str) -> list[EvalResult]:
    """Return the scores as the hub's metadata; those of the mini world are not to be taken for the real sets'."""
    return [
        EvalResult(
            task_type="image-segmentation",
            dataset_type=f"{benchmark}_{row.target}",
            dataset_name=f"{row.target} of the benchmark {benchmark}",
            dataset_config=f"trained on {row.training_set}",
            metric_type="mean_iou",
            metric_name="mIoU",
            metric_value=round(row.mIoU_mean, 2),
        )
        for row in rows.itertuples()
    ]


def results_part(rows: pd.DataFrame) -> str:
    """Return the scores as a table, with commit and configuration if all rows share them."""
    cells = [
        [row.training_set, row.target, str(row.images), str(row.seeds), _spread(row), _gain(row)]
        for row in rows.itertuples()
    ]
    titles = ["training set", "target", "images", "seeds", "mIoU, %", "gain, points"]
    shared = {name: [*rows[name].dropna().unique()] for name in ORIGIN if name in rows}
    known = [f"{name.replace('_', ' ')} {values[0]}" for name, values in shared.items() if len(values) == 1]
    return table(titles, cells) + (f"\n\n{'; '.join(known)}." if known else "")


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _spread(row: Any) -> str:
    return f"{row.mIoU_mean:.1f}" + ("" if pd.isna(row.mIoU_std) else f" ± {row.mIoU_std:.1f}")


def _gain(row: Any) -> str:
    if pd.isna(row.gain):
        return ""
    return f"{row.gain:+.1f}" + ("" if pd.isna(row.gain_low) else f" ({row.gain_low:+.1f} to {row.gain_high:+.1f})")
