"""Published figures, printed only beside numbers that were measured in the same way."""

from pathlib import Path

import pandas as pd

TABLE = Path(__file__).with_name("published_figures.csv")
PROTOCOL = (
    *("benchmark", "config", "training_set", "source", "target", "images"),
    *("evaluation_size", "inference", "label_size"),
)


def published_figures(evaluations: pd.DataFrame) -> pd.Series:
    """Return the published mIoU in % beside each evaluation, NaN where there is none or anything in PROTOCOL differs.

    One seed that differs is enough to leave the figure out for all seeds.
    """
    figures = pd.read_csv(TABLE)[[*PROTOCOL, "mIoU"]].rename(columns={"mIoU": "published"})
    published = evaluations[["model", *PROTOCOL]].merge(figures, how="left", on=PROTOCOL, validate="many_to_one")
    same_place = published.groupby(["model", "training_set", "target"])["published"]
    return published["published"].where(same_place.transform("count") == same_place.transform("size"))
