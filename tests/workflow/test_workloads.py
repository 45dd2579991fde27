"""The work of jobs, from the configuration."""

from inspect import signature

import pytest
from workloads import MINI_WORLD, SHOWN, Workloads

from segmodel.evaluation.show_predictions import show_predictions

MODEL = "segformer_mini"


def test_a_figure_takes_the_predictions_that_it_shows(config):
    work, targets = Workloads(config), config["targets"]
    config["datasets"]["bdd100k"]["expected_pairs"] = 1  # one image instead of two
    config["publishers"]["mapillary"]["sizes"] = [[500, 400]]
    figure = work.shown_predictions({"model": MODEL})
    sets = 2  # with and without generated images
    assert signature(show_predictions).parameters["images"].default == SHOWN
    assert figure.images == sets * (2 + 2 + 1) and figure.largest == 500 * 400
    one = work.evaluation({"model": MODEL, "target": targets[0]})
    assert figure.flops == pytest.approx(one.flops) and figure.batch == 2 * 3  # windows


def test_a_batch_holds_no_more_windows_than_there_are(config):
    names = {"model": MODEL, "target": "cityscapes"}
    whole = Workloads(config).evaluation(names)
    config["datasets"]["cityscapes"]["expected_pairs"] = 1
    single = Workloads(config).evaluation(names)
    assert (single.batch, whole.batch) == (3, 16) and single.flops == whole.flops


def test_enlarged_streets_are_planned_at_their_size(config):
    assert Workloads(config).pixels("cityscapes") == (MINI_WORLD, MINI_WORLD)
    config["publishers"]["cityscapes"]["sizes"] = [[1000, 2000], [3000, 4000]]
    assert Workloads(config).pixels("cityscapes") == (7e6, 12e6)
