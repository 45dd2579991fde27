"""Which rows are compared, and what the tables say about the difference."""

import pandas as pd
import pytest

from segmodel.report.figures import draw_figures
from segmodel.tables.ablations import compare_ablations
from segmodel.tables.changes import changes, differences
from segmodel.tables.classes import compare_classes
from segmodel.tables.evaluations import read_evaluations
from segmodel.tables.gains import comparisons
from segmodel.tables.options import RowOptions, SummariseOptions
from segmodel.tables.page import page
from segmodel.tables.scores import summary_table, with_scores
from segmodel.tables.summarise import summarise

BASE = {
    "source.subset.images": 6000, "images.source": 6000, "generated": None, "images.generated": 0, "shade": None,
    "training.iterations": 40000, "training.crop": [512, 512],
    "evaluation.mode": "slide", "evaluation.crop": [512, 512],
}  # fmt: skip
GENERATED = {"generated": ..., "generated.kind": "diffusion", "generated.images": 6000, "images.generated": 6000}


def changed(**values):
    """Return BASE with changes; ``...`` removes a setting."""
    merged = BASE | {key.replace("__", "."): value for key, value in values.items()}
    return {name: value for name, value in merged.items() if value is not ...}


WITH_GENERATED = {name: value for name, value in (BASE | GENERATED).items() if value is not ...}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (WITH_GENERATED, {"generated images": " (added)"}),
        (changed(training__iterations=100), {"training": " (iterations 40000 → 100)"}),
        (changed(training__crop=[8, 8]), {"training": " (crop 512x512 → 8x8)"}),
        (changed(training__iterations=100, training__crop=[8, 8]), {"training": ""}),
        (changed(evaluation__mode="whole", evaluation__crop=None), {"inference": " (mode slide → whole)"}),
        (changed(shade=..., shade__styles=64), {"SHADE": " (added)"}),
        (changed(source__subset__images=24966, images__source=24966), {"source images": ""}),
    ],
)
def test_differences_are_named_by_group(after, expected):
    assert differences(BASE, after) == expected


def test_section_that_becomes_null_is_removed():
    assert differences(WITH_GENERATED, BASE) == {"generated images": " (removed)"}


def arm(settings):
    return pd.DataFrame({"target": ["cityscapes", "acdc"], "settings": [settings, settings]})


def test_changes_are_listed_in_one_line():
    both = WITH_GENERATED | {"evaluation.mode": "whole", "evaluation.crop": None}
    assert changes(arm(BASE), arm(both)) == "generated images (added); inference (mode slide → whole)"
    assert changes(arm(BASE), arm(BASE)) == "nothing"
    assert changes(arm(BASE), arm({})) == "unknown"


def options(**compared_with):
    rows = {name: RowOptions(compared_with=names) for name, names in compared_with.items()}
    return SummariseOptions(rows=rows, samples=20)


def test_rows_are_compared_with_the_baseline_of_their_model():
    rows = [("a", "source_only"), ("a", "new"), ("b", "new"), ("b", "source_only")]
    found = [*comparisons(rows, options())]
    assert found == [(("a", "new"), ("a", "source_only")), (("b", "new"), ("b", "source_only"))]


def test_models_without_the_baseline_are_compared_with_nothing():
    rows = [("a", "source_only"), ("b", "new")]
    assert [*comparisons(rows, options())] == []


def test_row_may_be_compared_with_several_rows_and_with_another_model():
    rows = [("hrda_384", "extension"), ("hrda", "matched"), ("hrda", "published")]
    found = comparisons(rows, options(published=["matched", "extension"], matched=[], extension=[]))
    published = ("hrda", "published")
    assert [*found] == [(published, ("hrda", "matched")), (published, ("hrda_384", "extension"))]


def test_comparison_with_several_other_models_is_refused():
    rows = [("a", "base"), ("b", "base"), ("c", "new")]
    with pytest.raises(SystemExit, match="c on new is compared with base, on which a, b were trained, but not c"):
        list(comparisons(rows, options(new=["base"], base=[])))


@pytest.fixture
def tables(write_evaluation):
    """Summary, gains and options of a published row, compared with a matched and an extension row."""
    rows = {
        "extension": ("tiny_384", 0.5, RowOptions(protocol="extension_paper", compared_with=[])),
        "matched": ("tiny", 0.52, RowOptions(protocol="matched", compared_with=[])),
        "new": ("tiny", 0.6, RowOptions(protocol="published", compared_with=["matched", "extension"])),
    }
    settings = {"extension": changed(evaluation__mode="whole"), "matched": BASE, "new": WITH_GENERATED}
    files = [
        write_evaluation(name, seed, target, accuracy, model=model, settings=settings[name])
        for name, (model, accuracy, _) in rows.items()
        for seed in (0, 1, 2)
        for target in ("cityscapes", "bdd100k", "acdc")
    ]
    made = SummariseOptions(
        rows={name: row for name, (_, _, row) in rows.items()},
        averages={"avg2": ["cityscapes", "bdd100k"], "avg3": None},
        samples=20,
    )
    return *summary_table(with_scores(read_evaluations(files)), made), made


def test_summary_names_the_protocol_of_each_row(tables):
    summary, _, _ = tables
    named = summary.drop_duplicates("training_set").set_index("training_set")["protocol"].to_dict()
    assert named == {"extension": "extension_paper", "matched": "matched", "new": "published"}


def test_gains_over_each_row_say_what_differs(tables):
    _, gains, _ = tables
    assert gains[["compared_model", "compared_with", "changed"]].drop_duplicates().to_numpy().tolist() == [
        ["tiny", "matched", "generated images (added)"],
        ["tiny_384", "extension", "generated images (added); inference (mode whole → slide)"],
    ]


def test_summary_has_the_gain_over_the_first_row(tables):
    summary, gains, _ = tables
    first = gains[gains["compared_with"] == "matched"].set_index("target")["gain"]
    found = summary[summary["training_set"] == "new"].set_index("target")["gain"]
    assert found.to_dict() == first.to_dict()


def test_averages_are_over_their_targets(tables):
    summary, _, _ = tables
    row = summary[summary["training_set"] == "new"].set_index("target")
    assert list(row.index) == ["acdc", "bdd100k", "cityscapes", "avg2", "avg3"]
    assert row.loc["avg2", "mIoU_mean"] == pytest.approx(row.loc[["cityscapes", "bdd100k"], "mIoU_mean"].mean())
    assert row.loc["avg3", "gain"] == pytest.approx(row.loc[["acdc", "cityscapes", "bdd100k"], "gain"].mean())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_figures_of_several_models_averages_and_any_number_of_seeds(tmp_path, write_evaluation, seeds):
    rows = (("tiny_384", "extension", 0.5), ("tiny", "new", 0.6))
    files = [
        write_evaluation(name, seed, target, accuracy, model=model, settings=BASE)
        for model, name, accuracy in rows
        for seed in seeds
        for target in ("cityscapes", "bdd100k")
    ]
    averages = {"one": ["cityscapes"], "both": None}
    compared = {"new": RowOptions(compared_with=["extension"]), "extension": RowOptions(compared_with=[])}
    made = SummariseOptions(rows=compared, averages=averages, samples=5)
    summarise(evaluations=files, output=tmp_path, options=made)
    compare_ablations(evaluations=files, output=tmp_path / "ablations.csv", options=made)
    compare_classes(evaluations=files, output=tmp_path / "dg_miou_classes.csv", options=made)
    tables = ("dg_miou_gains", "dg_miou_summary", "dg_miou_classes", "ablations")
    draw_figures(tables=[tmp_path / f"{name}.csv" for name in tables], output=tmp_path)
    for name in ("gains", "scores", "classes", "ablations"):
        assert (tmp_path / f"{name}.png").stat().st_size > 5_000
    assert all(f">{model}<" in (tmp_path / "scores.svg").read_text() for model in ("tiny", "tiny_384"))


def test_page_labels_rows_and_gains(tables):
    text = page(*tables)
    assert (
        "| training set | protocol | acdc (10 images) | bdd100k (10 images) | cityscapes (10 images) | avg2 |" in text
    )
    assert "| new | matched (matched) | generated images (added) | +" in text
    assert "| new | extension of tiny_384 (extension_paper) | generated images (added); inference" in text
