"""Published figures stand beside results that the same settings decided, and beside no others."""

import numpy as np
import pytest

from segmodel.csv_files import read_table
from segmodel.identity import digest
from segmodel.tables.evaluations import read_evaluations
from segmodel.tables.options import MEAN
from segmodel.tables.published import FIGURES, agrees, definitions, published_figures

PROTOCOLS = definitions()["protocols"]
AVERAGES = {"avg3": ["cityscapes", "bdd100k", "mapillary"], "avg5": None}


def settings_of(protocol, target):
    """Settings of an evaluation that follows a published protocol, with any value where none is published."""
    published = PROTOCOLS[protocol]["settings"] | PROTOCOLS[protocol]["targets"][target]
    return {name: one_of(value) for name, value in published.items()} | {
        name: "ours" for name in PROTOCOLS[protocol]["unpublished"]
    }


def one_of(value):
    return next(iter(value.values()))[0] if isinstance(value, dict) else value


@pytest.fixture
def evaluated(write_evaluation):
    """Write the evaluations of a published protocol; ``changed`` are settings of the last seed on the last target."""

    def call(protocol, seeds=(0, 1, 2), targets=None, without=(), **changed):
        files = []
        for target in targets or PROTOCOLS[protocol]["targets"]:
            for seed in seeds:
                settings = settings_of(protocol, target)
                last = (target, seed) == ((targets or [*PROTOCOLS[protocol]["targets"]])[-1], seeds[-1])
                settings |= {key.replace("__", "."): value for key, value in changed.items()} if last else {}
                settings = {name: value for name, value in settings.items() if name not in without}
                files.append(write_evaluation("set", seed, target, settings=settings, digest=digest(settings)))
        return read_evaluations(files)

    return call


@pytest.mark.parametrize("protocol", ["P1", "P2", "P3", "P4"])
def test_every_figure_stands_beside_the_row_that_reproduces_it(evaluated, protocol):
    table = read_table(FIGURES, ("protocol", "target", "mIoU"), "").query("protocol == @protocol")
    averages = AVERAGES if len(PROTOCOLS[protocol]["targets"]) == 5 else {"avg3": None}
    found = published_figures(evaluated(protocol), averages)
    assert found.droplevel([0, 1]).to_dict() == table.set_index("target")["mIoU"].to_dict()


CHANGES = {
    "another source subset": {"source__subset__sampling": "uniform"},
    "20 source images": {"images__source": 20},
    "another redraw": {"redraw__online": True},
    "images of another generator": {"generated__kind": "imported"},
    "5999 generated images": {"generated__images": 5999},
    "another ControlNet": {"generated__controlnet__learning_rate": 1e-4},
    "another model": {"network__model__decode_head__channels": 128},
    "a shorter schedule": {"training__iterations": 4000},
    "SHADE": {"shade": "on"},
    "whole images": {"evaluation__mode": "whole"},
    "10 target images": {"evaluation__images": 10},
    "an option that the publication lacks": {"training__ema": 0.99},
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_figure_is_left_out_if_a_setting_of_one_seed_differs(evaluated, changed):
    targets = ["bdd100k", "cityscapes"]
    found = published_figures(evaluated("P2", targets=targets, **changed), MEAN)
    assert found.droplevel([0, 1]).to_dict() == {"bdd100k": 50.82}


def test_missing_setting_differs(evaluated):
    assert published_figures(evaluated("P2", without=["shade"]), MEAN).empty


@pytest.mark.parametrize("seeds", [(0,), (0, 1), (0, 1, 3), (0, 1, 2, 3)])
def test_figure_is_left_out_if_the_seeds_differ(evaluated, seeds):
    assert published_figures(evaluated("P2", seeds), AVERAGES).empty


def test_average_needs_all_of_its_targets(evaluated):
    evaluations = evaluated("P2", training__iterations=4000)  # of the last target, dark_zurich
    found = published_figures(evaluations, AVERAGES).droplevel([0, 1])
    assert {"avg3", "avg5", "dark_zurich"} & {*found.index} == {"avg3"}


def test_average_of_other_targets_has_no_figure(evaluated):
    found = published_figures(evaluated("P2"), {"avg3": ["acdc", "bdd100k", "cityscapes"]})
    assert "avg3" not in found.droplevel([0, 1])


def test_evaluation_without_settings_has_no_figure(write_evaluation):
    files = [write_evaluation("set", seed, config="daformer_b5.py", benchmark="paper") for seed in (0, 1, 2)]
    assert published_figures(read_evaluations(files), MEAN).empty


@pytest.mark.parametrize(
    ("value", "published", "expected"),
    [
        (2, 2, True),
        ([6, 12], [6, 12], True),
        (2, 3, False),
        ("a", {"any": ["a", "b"]}, True),
        ("c", {"any": ["a", "b"]}, False),
        (6500, {"between": [6000, 7000]}, True),
        (20, {"between": [6000, 7000]}, False),
        (None, {"between": [6000, 7000]}, False),
    ],
)
def test_value_agrees_with_the_published_one(value, published, expected):
    assert agrees(value, published) is expected


def test_figures_have_the_decimals_that_were_read_a_source_and_a_protocol():
    rows = read_table(FIGURES, ("method", "protocol", "target", "mIoU", "source"), "", dtype=str)
    assert not rows.isna().any(axis=None)
    assert rows["mIoU"].str.fullmatch(r"\d\d\.\d\d?").all()
    assert not rows.duplicated(["method", "target"]).any()


def test_averages_are_those_of_the_figures_of_their_targets():
    table = read_table(FIGURES, ("method", "target", "mIoU"), "").pivot(index="method", columns="target", values="mIoU")
    for average, targets in definitions()["averages"].items():
        rows = table[[*targets, average]].dropna()
        assert len(rows) >= 4
        decimals = np.where(rows[[*targets, average]].mul(10).round(6).mod(1).eq(0).all(axis=1), 1, 2)  # as published
        assert (abs(rows[targets].mean(axis=1) - rows[average]) < 1.01 * 10.0**-decimals).all()


def test_figures_that_nobody_could_read_are_left_out():
    rows = read_table(FIGURES, ("method", "target"), "")
    for method in ("DAFormer", "HRDA"):
        assert {*rows[rows["method"] == method]["target"]} == {"cityscapes", "bdd100k", "mapillary", "avg3"}
