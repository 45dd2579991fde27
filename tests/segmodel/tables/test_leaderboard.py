"""``rank-methods``: what compares, the ranks, and the published methods."""

import csv

import numpy as np
import pytest

from segmodel.report.leaderboard import render_leaderboard
from segmodel.tables.intervals import score_limits
from segmodel.tables.leaderboard import rank_methods
from segmodel.tables.options import SummariseOptions
from segmodel.tables.protocol import protocol, protocol_digest
from segmodel.tables.published import definitions

AVERAGES = {"avg3": ["cityscapes", "bdd100k", "mapillary"]}
OPTIONS = SummariseOptions(samples=20, averages=AVERAGES)
OURS = {
    "training.iterations": 1500, "training.crop": [64, 64], "source.adapter": "gta", "source.subset.images": 480,
    "network.size": "b0", "photometric": "standard", "target.adapter": "cityscapes", "evaluation.size": [64, 128],
}  # fmt: skip


def published_settings(name, target):
    """Return settings that agree with those of a published protocol."""
    known = definitions()["protocols"][name]
    settings = {**known["settings"], **known["targets"][target]}
    first = {key: next(iter(value.values()))[0] for key, value in settings.items() if isinstance(value, dict)}
    return settings | first


@pytest.fixture
def board(write_evaluation, tmp_path):
    """Rank evaluations given as (training set, accuracy, settings of a target, seeds); return the rows."""

    def call(*rows):
        files = [
            write_evaluation(name, seed, target, accuracy, settings=settings(target))
            for name, accuracy, settings, seeds in rows
            for seed in seeds
            for target in AVERAGES["avg3"]
        ]
        rank_methods(evaluations=files, output=tmp_path / "leaderboard.csv", options=OPTIONS)
        with (tmp_path / "leaderboard.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    return call


def ours(**changed):
    return lambda target: OURS | {"target.adapter": target} | {key.replace("_", "."): of for key, of in changed.items()}


def named(rows, *names):
    return [row for row in rows if row["training_set"] in names]


def test_methods_of_one_protocol_are_ranked_with_the_ranks_that_their_intervals_allow(board):
    rows = board(
        ("source_only", 0.3, ours(), (0, 1, 2)), ("dginstyle", 0.6, ours(photometric="strong"), (0, 1, 2)),
        ("alike", 0.6, ours(network_size="b5"), (3, 4, 5)), ("once", 0.45, ours(), (0,)),
    )  # fmt: skip
    found = named(rows, "source_only", "dginstyle", "alike", "once")
    assert len({row["protocol"] for row in found}) == 1
    assert [row["rank"] for row in found] == ["1", "2", "3", "4"]
    assert {row["training_set"] for row in found[:2]} == {"alike", "dginstyle"}
    assert [(row["training_set"], row["rank_from"], row["rank_to"]) for row in found[2:]] == [
        ("once", "", ""), ("source_only", "3", "4"),
    ]  # fmt: skip
    assert {(row["rank_from"], row["rank_to"]) for row in found[:2]} == {("1", "3")}


@pytest.mark.parametrize(
    "changed",
    [
        {"evaluation_size": [32, 64]},
        {"training_crop": [32, 32]},
        {"source_adapter": "synthia"},
        {"target_split": "test"},
    ],
)
def test_what_does_not_compare_is_never_ranked_together(board, changed):
    rows = named(
        board(("source_only", 0.3, ours(), (0, 1)), ("other", 0.6, ours(**changed), (0, 1))), "source_only", "other"
    )
    assert len({row["protocol"] for row in rows}) == 2
    assert [row["rank"] for row in rows] == ["1", "1"]
    is_training = "training_crop" in changed or "source_adapter" in changed
    assert (len({row["evaluation"] for row in rows}) == 1) == is_training


def test_results_of_others_have_a_group_of_their_own_that_names_the_shared_evaluation(board):
    evaluated = {key: value for key, value in OURS.items() if key.startswith(("target", "evaluation"))}
    rows = board(
        ("source_only", 0.3, ours(), (0, 1)),
        ("theirs", 0.6, lambda target: evaluated | {"target.adapter": target, "imported": "sha256"}, (0,)),
    )
    own, theirs = named(rows, "source_only")[0], named(rows, "theirs")[0]
    assert (own["kind"], theirs["kind"]) == ("trained", "checkpoint")
    assert own["protocol"] != theirs["protocol"] and own["evaluation"] == theirs["evaluation"]
    assert "How the models were trained is unknown." in theirs["description"]


def test_a_published_method_is_ranked_with_ours_only_where_the_protocol_agrees(board):
    rows = board(
        ("dginstyle", 0.6, lambda target: published_settings("P2", target), (0, 1, 2)),
        ("whole", 0.6, lambda target: published_settings("P1", target), (0, 1, 2)),
    )
    together = {
        row["training_set"]: {other["model"] for other in rows if other["protocol"] == row["protocol"]} for row in rows
    }
    assert together["dginstyle"] == {"tiny", "DAFormer + DGInStyle"}
    assert together["whole"] == {"tiny", "DAFormer"}
    published = {row["model"]: row for row in rows if row["kind"] == "published" and row["average"] == "avg3"}
    assert (published["HRDA + DGInStyle"]["mIoU"], published["GTR"]["mIoU"]) == ("57.7800", "40.7900")
    assert (published["GTR"]["rank"], published["HRDA + DGInStyle"]["rank"], published["SHADE"]["protocol"]) == (
        "",
        "1",
        "unknown",
    )
    groups = [(row["average"], row["protocol"]) for row in rows]
    assert groups == sorted(groups, key=groups.index)  # a group is in one piece
    assert [published["DAFormer"][f"mIoU_{target}"] for target in AVERAGES["avg3"]] == ["52.6500", "47.8900", "54.6600"]


def test_the_world_of_a_rendered_target_is_part_of_the_protocol():
    rendered = {"target.publisher.scenes": 150, "seed": 0, "training.iterations": 1}
    worlds = [protocol({"cityscapes": rendered | {"seed": seed}}) for seed in (0, 1)]
    assert protocol_digest(worlds[0]) != protocol_digest(worlds[1])
    real = [protocol({"cityscapes": {"target.publisher": None, "seed": seed}}) for seed in (0, 1)]
    assert real[0] == real[1]


def test_the_interval_of_a_score_covers_seeds_and_images():
    counts = np.zeros((2, 3, 2, 2), np.int64)
    counts[0], counts[1] = [[6, 2], [2, 6]], [[8, 0], [0, 8]]  # mIoU 0.6 and 1 with any images
    low, high = score_limits([counts], 10, 0.95, np.random.default_rng(0))
    assert (low + high) / 2 == pytest.approx(0.8)
    assert high - low == pytest.approx(2 * 12.706 * 0.2, rel=1e-4)  # t with one degree of freedom, standard error 0.2
    assert np.isnan(score_limits([counts[:1]], 10, 0.95, np.random.default_rng(0))).all()


def test_page_lists_the_groups_and_folds_the_published_ones(board, tmp_path):
    board(("source_only", 0.3, ours(), (0, 1)), ("dginstyle", 0.6, ours(), (0, 1)))
    render_leaderboard(table=tmp_path / "leaderboard.csv", output=tmp_path / "leaderboard.html")
    page = (tmp_path / "leaderboard.html").read_text()
    assert (
        "Leaderboard: mini" in page and "crops of 64x64" in page and "Published results under other protocols" in page
    )
    assert page.index("dginstyle") < page.index("source_only") < page.index("FLEX-Seg")
    assert len(page) < 1e5


def test_page_of_the_same_table_is_the_same_at_any_time(board, tmp_path):
    board(("source_only", 0.3, ours(), (0, 1)))
    render_leaderboard(table=tmp_path / "leaderboard.csv", output=tmp_path / "leaderboard.html")
    page = (tmp_path / "leaderboard.html").read_text()
    assert "<title>" in page and "UTC" not in page
