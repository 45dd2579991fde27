"""Options as rules pass them, and which changes trigger reruns."""

import json

import pytest
from configuration import checked, execution_keys
from fingerprint import configuration_digest
from options import Options, options
from segmentation import Segmentation
from selection import evaluation_protocol
from snakemake.iocontainers import Wildcards

EXECUTION = frozenset({"workers"})


def test_all_options_are_passed():
    assert json.loads(Options({"workers": 2, "steps": 3}, EXECUTION)) == {"workers": 2, "steps": 3}


def test_execution_keys_do_not_count_as_a_change():
    one, other = (Options({"workers": workers, "steps": 3}, EXECUTION) for workers in (1, 2))
    assert str(one) != str(other) and repr(one) == repr(other)


def test_any_other_key_counts_as_a_change():
    assert repr(options({"steps": 3}, execution=EXECUTION)) != repr(options({"steps": 4}, execution=EXECUTION))


@pytest.mark.parametrize("section", ["dreambooth", "controlnet", "models"])
def test_checkpoint_interval_is_an_execution_key(section):
    assert {"checkpoint_every"} <= execution_keys(section)
    assert "learning_rate" not in execution_keys(section)


def test_batch_sizes_and_compilation_are_execution_keys_of_generators():
    assert {"batch_size", "windows_per_batch", "compile", "hub_repository"} == execution_keys("generators")


def test_evaluation_record_identifies_the_training(config, repository):
    wildcards = Wildcards(fromdict={"model": "m", "training_set": "dginstyle", "seed": "1", "target": "cityscapes"})
    config = checked(config, repository)
    record = json.loads(Segmentation(config, repository).evaluation_record(wildcards))
    assert record.pop("configuration") == configuration_digest(config)
    assert {key: value for key, value in record.items() if key != "settings"} == {
        **{"benchmark": "mini", "source": "gta", "model": "m", "training_set": "dginstyle"},
        **{"generator": "dginstyle", "seed": 1, "target": "cityscapes"},
    }


@pytest.fixture
def segmentation(config, repository):
    """The functions of the training and evaluation rules; its configuration may be modified."""
    return Segmentation(config, repository)


WILDCARDS = {"model": "segformer_mini", "training_set": "shade", "seed": "1", "target": "cityscapes"}


def test_training_is_given_redraw_and_shade_of_its_set(segmentation):
    wildcards, training_set = Wildcards(fromdict=WILDCARDS), segmentation.config["training_sets"]["shade"]
    assert segmentation.redraw_statistics(wildcards) == {}
    assert json.loads(segmentation.presentation(wildcards)) == {"shade": {"refresh_every": 500}}
    training_set["redraw"] = {"min_crop_pixels": 9}
    assert segmentation.redraw_statistics(wildcards).keys() == {"files_by_class", "probabilities"}
    assert json.loads(segmentation.presentation(wildcards))["redraw"] == {
        **{"min_crop_pixels": 9, "min_pixels": 12},
        **{"files_by_class": "results/mini/data/gta/samples_with_class.json"},
        **{"probabilities": "results/mini/data/gta/rcs_probabilities.json"},
    }
    training_set["redraw"]["online"] = False
    assert segmentation.redraw_statistics(wildcards) == {}
    assert json.loads(segmentation.presentation(wildcards))["redraw"] == training_set["redraw"]


def test_evaluation_mode_is_the_models_else_the_training_sets_else_the_targets(segmentation):
    config, wildcards = segmentation.config, Wildcards(fromdict=WILDCARDS)

    def mode():
        return json.loads(segmentation.evaluation_options(wildcards))["mode"]

    modes = [mode()]
    config["training_sets"]["shade"]["evaluation_mode"] = "whole"
    modes.append(mode())
    config["models"]["segformer_mini"]["evaluation_mode"] = "slide"
    assert [*modes, mode()] == ["slide", "whole", "slide"]
    assert "evaluation_mode" not in json.loads(segmentation.model_options(wildcards))


def test_scaled_protocol_of_whole_images_needs_no_windows(config):
    config["models"]["segformer_mini"]["evaluation_scale"] = 2
    config["evaluation"]["cityscapes"] = {"size": [64, 128], "mode": "whole"}
    protocol = evaluation_protocol(config, "segformer_mini", "cityscapes")
    assert protocol == {"size": [128, 256], "mode": "whole"}


def test_figure_shows_the_first_seed_of_each_training_set_of_the_tables_on_each_target(segmentation):
    segmentation.config["seeds"] = [3, 1]
    shown = segmentation.shown_evaluations(Wildcards(fromdict={"model": "segformer_mini"}))
    folder = "<benchmark>/segmentation/segformer_mini"
    targets, sets = ("cityscapes", "bdd100k", "mapillary"), ("source_only", "dginstyle")
    assert shown == [f"{folder}/{name}/seed3/{target}.npz" for name in sets for target in targets]
