"""Options as rules pass them, and which changes trigger reruns."""

import json

import pytest
from configuration import execution_keys
from options import Options, options
from segmentation import Segmentation
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


def test_evaluation_record_identifies_the_training(config, repository):
    wildcards = Wildcards(fromdict={"model": "m", "training_set": "dginstyle", "seed": "1", "target": "cityscapes"})
    record = json.loads(Segmentation(config, repository).evaluation_record(wildcards))
    assert record == {
        **{"benchmark": "mini", "source": "gta", "model": "m", "training_set": "dginstyle"},
        **{"generator": "dginstyle", "seed": 1, "target": "cityscapes"},
    }
