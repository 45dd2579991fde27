"""Published mIoU, shown only next to results with the same protocol."""

from pathlib import Path

import pandas as pd

TABLE = Path(__file__).with_name("published_figures.csv")
PROTOCOL = (
    *("benchmark", "config", "training_set", "source", "target", "images"),
    *("evaluation_size", "inference", "label_size"),
)


def published_figures(evaluations: pd.DataFrame) -> pd.Series:
    """Return the published mIoU in % for each evaluation; NaN if there is none or the PROTOCOL of any seed differs."""
    figures = pd.read_csv(TABLE)[[*PROTOCOL, "mIoU"]].rename(columns={"mIoU": "published"})
    published = evaluations[["model", *PROTOCOL]].merge(figures, how="left", on=PROTOCOL, validate="many_to_one")
    seeds = published.groupby(["model", "training_set", "target"])["published"]
    return published["published"].where(seeds.transform("count") == seeds.transform("size"))
