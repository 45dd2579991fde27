"""Write docs/published_rows.md: the settings of each published row beside those of config/paper.yaml (``make rows``).

A test compares both value by value, and fails if the page is out of date.
"""

import json
import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
import yaml
from configuration import checked
from sections import REPOSITORY
from selection import evaluation_protocol
from settings import data_settings

from segmodel.evaluation.options import InferenceOptions
from segmodel.evaluation.settings import inference_settings
from segmodel.identity import flat
from segmodel.models import read_config
from segmodel.tables.published import FIGURES, agrees, definitions, figures, is_unpublished
from segmodel.training.options import PresentationOptions, TrainOptions
from segmodel.training.settings import training_settings

PAGE = REPOSITORY / "docs/published_rows.md"
CONFIGURATION = REPOSITORY / "config/paper.yaml"
COUNTED = "counted in the run"
network = cache(read_config)
INTRODUCTION = """\
<!-- Made by `make rows` from segmodel/tables/published_protocols.yaml and config/paper.yaml; do not edit. -->
# Published rows

Each published row of the benchmark and the row of `config/paper.yaml` that reproduces it, setting by setting: what a
comparison with published figures means, and [when one is shown](segmentation.md#published-figures).

Published values were read in github.com/yurujaja/DGInStyle-SegModel (7343a63), github.com/lhoyer/HRDA, branch dg
(70a1e8b), and github.com/yurujaja/DGInStyle (a4ec43b), and agree with the names of the released models' configurations.
"""
EXPLANATION = """
Between the baselines of the extension paper and the published rows, more changes than the generated images: for
DAFormer SHADE, rare class sampling in training, the source images and the mode of inference, for HRDA the size of the
detail crop. Protocol `matched` has each published row without its generated images, and nothing else changed.
"""


class Setting(NamedTuple):
    """A setting of a published row, its published value and ours; ``...`` where it is missing."""

    name: str
    published: Any
    ours: Any

    @property
    def agrees(self) -> bool:
        """Whether both values agree; a number that is counted in the run is compared then."""
        if ... in (self.published, self.ours):
            return False
        return self.ours == COUNTED or agrees(self.ours, self.published)


def row_settings(config: dict, model: str, training_set: str, target: str) -> dict[str, Any]:
    """Return the settings that an evaluation of the configuration would record.

    Args:
        config: the validated configuration.
        model: name under ``models``.
        training_set: name under ``training_sets``.
        target: name under ``targets``.
    """
    entry, trained = config["training_sets"][training_set], config["models"][model]
    options = chosen_options(TrainOptions, trained)
    inference = InferenceOptions(**evaluation_protocol(config, model, target, training_set))
    dataset = config["datasets"][target]
    sizes = {"label_size": dataset.get("label_size") or "native", "images": dataset["expected_pairs"] or COUNTED}
    return flat(
        {
            **data_settings(config, training_set, target),
            **training_settings(options, chosen_options(PresentationOptions, entry), network(options.config)),
            "images": {"source": source_images(config, entry), "generated": generated_images(config, entry)},
            "evaluation": {**inference_settings(inference), **sizes},
        }
    )


def chosen_options(options: type, values: Mapping[str, Any]) -> Any:
    """Return an options class with those of some values that it has."""
    return options.model_validate({key: value for key, value in values.items() if key in options.model_fields})


def source_images(config: dict, training_set: dict) -> int | str:
    """Return the number of source images of a training set; without ``expected_pairs`` all are counted in the run."""
    if training_set["source"] is None:
        return 0
    return training_set["source"]["images"] or config["datasets"][config["source"]].get("expected_pairs") or COUNTED


def generated_images(config: dict, training_set: dict) -> int:
    """Return the number of generated images of a training set."""
    name = training_set["generator"]
    return math.ceil(training_set.get("generated_part", 1.0) * config["generators"][name]["images"]) if name else 0


def compared(config: dict, protocol: dict, target: str) -> list[Setting]:
    """Return each setting of a published row on a target."""
    published = {**protocol["settings"], **protocol["targets"][target]}
    ours = row_settings(config, **protocol["ours"], target=target)
    names = [*published, *(name for name in ours if name not in published and not is_unpublished(name, protocol))]
    return [Setting(name, published.get(name, ...), ours.get(name, ...)) for name in names]


def page(config: dict) -> str:
    """Return docs/published_rows.md."""
    protocols = definitions()["protocols"]
    tables = {name: rows_of(config, protocol) for name, protocol in protocols.items()}
    generated = [name for name, protocol in protocols.items() if "generated.kind" in protocol["settings"]]
    everywhere = common(tables.values())
    wherever_generated = [row for row in common(tables[name] for name in generated) if row not in everywhere]
    parts = [INTRODUCTION, overview(tables), EXPLANATION]
    parts += ["## All rows\n", table(everywhere), "## All rows with generated images\n", table(wherever_generated)]
    for name, rows in tables.items():
        shared = [*everywhere, *(wherever_generated if name in generated else [])]
        parts += [f"## {name}: {protocols[name]['title']}\n", f"{ours_in_words(protocols[name])}\n"]
        parts.append(table([row for row in rows if row not in shared]))
    parts += ["## Settings that no publication states\n", unpublished(config)]
    parts += ["## Figures of other protocols\n", others()]
    parts += ["## Differences that no option can remove\n"]
    parts += ["\n".join(f"- {sentence}" for sentence in definitions()["differences"]) + "\n"]
    return "\n".join(parts)


def rows_of(config: dict, protocol: dict) -> list[Setting]:
    """Return the settings of a published row, those of a target with its name in front."""
    first, *others = protocol["targets"]
    own = {name for target in protocol["targets"].values() for name in target}
    rows = [row for row in compared(config, protocol, first) if row.name not in own]
    for target in (first, *others):
        of_target = [row for row in compared(config, protocol, target) if row.name in own]
        rows += [row._replace(name=f"{target}: {row.name}") for row in of_target]
    return rows


def common(tables: Iterable[list[Setting]]) -> list[Setting]:
    """Return the rows that all tables have."""
    first, *others = tables
    return [row for row in first if all(row in other for other in others)]


def overview(tables: dict[str, list[Setting]]) -> str:
    """Return the table of all published rows."""
    lines = ["| | published row | ours: model, training set | published avg3, avg5 | settings that differ |"]
    lines += ["|---|---|---|---|---|"]
    for name, rows in tables.items():
        protocol = definitions()["protocols"][name]
        scores = [f"{figures()[name, key]:.2f}" if (name, key) in figures() else "none" for key in ("avg3", "avg5")]
        differing = ", ".join(f"`{row.name}`" for row in rows if not row.agrees) or "none"
        ours = ", ".join(f"`{value}`" for value in protocol["ours"].values())
        lines.append(f"| {name} | {protocol['title']} | {ours} | {', '.join(scores)} | {differing} |")
    return "\n".join(lines)


def ours_in_words(protocol: dict) -> str:
    """Return a sentence with the seeds, and the names in our configuration."""
    seeds = ", ".join(map(str, protocol["seeds"]))
    model, training_set = protocol["ours"].values()
    return f"Seeds {seeds}. Ours: model `{model}` on training set `{training_set}`. Further settings:"


def table(rows: list[Setting]) -> str:
    """Return settings as a table."""
    lines = ["| setting | published | ours |", "|---|---|---|"]
    for row in rows:
        mark = "" if row.agrees else " (differs)"
        lines.append(f"| `{row.name}` | {in_words(row.published)} | {in_words(row.ours)}{mark} |")
    return "\n".join(lines) + "\n"


def unpublished(config: dict) -> str:
    """Return the table of settings that no publication states."""
    lines = ["| setting | ours | |", "|---|---|---|"]
    reasons: dict[str, tuple[Any, str]] = {}
    for protocol in definitions()["protocols"].values():
        ours = row_settings(config, **protocol["ours"], target=next(iter(protocol["targets"])))
        reasons |= {name: (ours[name], reason) for name, reason in protocol["unpublished"].items()}
    return (
        "\n".join([*lines, *(f"| `{name}` | {in_words(value)} | {why} |" for name, (value, why) in reasons.items())])
        + "\n"
    )


def others() -> str:
    """Return the figures of protocols that no row of ours follows, which are never shown beside ours."""
    read = pd.read_csv(FIGURES)
    targets = ["cityscapes", "bdd100k", "mapillary", "acdc", "dark_zurich", "avg3", "avg5"]
    text = "No row of ours follows these protocols, so that their figures are never shown beside ours.\n"
    for name, description in definitions()["others"].items():
        figures_of = read[read["protocol"] == name]
        table = figures_of.pivot(index=["method", "backbone"], columns="target", values="mIoU")
        lines = [f"| | backbone | {' | '.join(targets)} |", "|---" * (2 + len(targets)) + "|"]
        for method, backbone in dict.fromkeys(zip(figures_of["method"], figures_of["backbone"], strict=True)):
            cells = [table.loc[(method, backbone)].get(target, math.nan) for target in targets]
            shown = ["" if math.isnan(cell) else f"{cell:g}" for cell in cells]
            lines.append(f"| {' | '.join([method, backbone, *shown])} |")
        text += f"\n{name}: {description}.\n\n" + "\n".join(lines) + "\n"
    return text


def in_words(value: Any) -> str:
    """Return a value as Markdown."""
    if value is ...:
        return "missing"
    if isinstance(value, dict):
        low_high = value.get("between")
        return f"{low_high[0]} to {low_high[1]}" if low_high else " or ".join(map(in_words, value["any"]))
    return value if value == COUNTED else f"`{json.dumps(value)}`"


def paper_configuration() -> dict:
    """Return config/paper.yaml, validated."""
    return checked(yaml.safe_load(CONFIGURATION.read_text()), REPOSITORY)


if __name__ == "__main__":
    PAGE.write_text(page(paper_configuration()))
