"""What decides an evaluation, as the configuration says it."""

import json

import pytest
from acquisition import Acquisition
from configuration import checked, merged
from fingerprint import configuration_digest
from segmentation import Segmentation
from settings import data_settings
from snakemake.iocontainers import Wildcards

from segmodel.identity import flat


@pytest.fixture
def settings_of(config, repository):
    """Settings of a training set's evaluation with changes given as {"a.b.c": value}."""

    def call(training_set="dginstyle", changes=None):
        for key, value in (changes or {}).items():
            *path, last = key.split(".")
            section = config
            for step in path:
                section = section[step]
            section[last] = value
        return flat(data_settings(checked(config, repository), training_set, "cityscapes"))

    return call


@pytest.mark.parametrize(
    ("key", "value", "setting"),
    [
        ("training_sets.source_only.source.sampling", "uniform", "source.subset.sampling"),
        ("training_sets.dginstyle.generated_part", 0.5, "generated.part"),
        ("rare_class_sampling.temperature", 0.1, "rare_class_sampling.temperature"),
        ("generators.dginstyle.guidance", 3.0, "generated.guidance"),
        ("generators.dginstyle.second_pass.stride", 4, "generated.second_pass.stride"),
        ("controlnet.learning_rate", 1e-4, "generated.controlnet.learning_rate"),
        ("dreambooth.steps", 9, "generated.dreambooth.steps"),
        ("publishers.gta.scenes", 900, "source.publisher.scenes"),
        ("datasets.cityscapes.split", "train", "target.split"),
        ("seed", 1, "seed"),
    ],
)
def test_setting_counts(settings_of, key, value, setting):
    before = settings_of()
    after = settings_of(changes={key: value})
    assert {name for name in before if before[name] != after[name]} == {setting}
    assert after[setting] == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("generators.dginstyle.images_per_shard", 60),
        ("generators.dginstyle.batch_size", 3),
        ("generators.dginstyle.windows_per_batch", 8),
        ("controlnet.checkpoint_every", 7),
        ("dreambooth.workers", 2),
        ("generators.no_fusion.steps", 3),
        ("threads.train", 4),
        ("protocols", {"published": {"dginstyle": {}}}),
    ],
)
def test_key_on_which_no_result_depends_does_not_count(settings_of, key, value):
    assert settings_of() == settings_of(changes={key: value})


def test_training_set_without_generator_has_no_generated_settings(settings_of):
    settings = settings_of("source_only")
    assert settings["generated"] is None
    assert not [name for name in settings if name.startswith("generated.")]


def test_generator_counts_only_what_it_needs(settings_of):
    names = settings_of("recoloured")
    assert "generated.class_colours" in names
    assert not [name for name in names if "controlnet" in name or "dreambooth" in name]


def test_earlier_controlnet_counts_by_its_step(settings_of):
    before = settings_of()
    after = settings_of(changes={"controlnet.keep_checkpoints": 1, "generators.dginstyle.controlnet": 1200})
    assert {name for name in before if before[name] != after[name]} == {"generated.controlnet_step"}


def test_pretrained_network_counts_by_where_it_comes_from(settings_of):
    origin = {"origin": "owner/name", "revision": 40 * "0"}
    settings = settings_of(changes={"pretrained": {"controlnet": origin}})
    assert settings["generated.controlnet.revision"] == 40 * "0"
    assert not [name for name in settings if "dreambooth" in name or name == "generated.controlnet.steps"]


def test_imported_images_count_by_where_they_come_from(settings_of):
    entry = {"kind": "imported", "packages": ["/data/released.zip"], "expected_pairs": 7000}
    settings = settings_of(changes={"generators.released": entry, "training_sets.dginstyle.generator": "released"})
    assert (settings["generated.kind"], settings["generated.packages"]) == ("imported", ["/data/released.zip"])


def test_evaluation_record_carries_the_settings(config, repository):
    segmentation = Segmentation(checked(config, repository), repository)
    names = {"model": "segformer_mini", "training_set": "dginstyle", "seed": "0", "target": "cityscapes"}
    assert '"settings": {"generated": {' in segmentation.evaluation_record(Wildcards(fromdict=names))


@pytest.mark.parametrize(
    ("changes", "smallest"),
    [
        ({}, [64, 64]),
        ({"controlnet": {"crop": [48, 96]}}, [64, 96]),
        ({"dreambooth": {"crop": [80, 64]}}, [80, 64]),
        ({"generators": {"dginstyle": {"crop": [64, 128]}}}, [64, 128]),
        ({"training_sets": {}}, None),
    ],
)
def test_source_images_must_hold_the_largest_crop_of_the_generator(config, repository, changes, smallest):
    for section, values in changes.items():
        config[section] = {**config[section], **{k: merged(config[section].get(k), v) for k, v in values.items()}}
    if smallest is None:
        only = config["training_sets"]["source_only"]
        config |= {"training_sets": {"source_only": only}, "ablations": [], "oracle": None, "quality": None}
        config |= {"models": {"segformer_mini": config["models"]["segformer_mini"]}, "protocols": {}}
    config = checked(config, repository)
    source, target = (
        Acquisition(config, repository).conversion_options(Wildcards(fromdict={"dataset": name}))
        for name in ("gta", "cityscapes")
    )
    assert json.loads(source).get("smallest") == smallest
    assert "smallest" not in json.loads(target)
    assert "smallest" not in repr(source)  # a larger crop converts nothing again


def test_record_names_the_configuration_but_a_new_entry_reruns_no_evaluation(config, repository):
    wildcards = Wildcards(
        fromdict={"model": "segformer_mini", "training_set": "dginstyle", "seed": "0", "target": "bdd100k"}
    )
    before = Segmentation(checked(config, repository), repository).evaluation_record(wildcards)
    config["seeds"].append(3)
    after = Segmentation(checked(config, repository), repository).evaluation_record(wildcards)
    assert json.loads(before)["configuration"] != json.loads(after)["configuration"]
    assert repr(before) == repr(after)  # what Snakemake compares
    config["threads"]["train"] = 2
    assert str(Segmentation(checked(config, repository), repository).evaluation_record(wildcards)) == str(after)


def test_a_configuration_that_a_run_kept_has_the_same_digest(config, repository):
    found = checked(config, repository)
    kept = checked({**json.loads(json.dumps(found)), "extends_default": False}, repository)
    assert configuration_digest(kept) == configuration_digest(found)
