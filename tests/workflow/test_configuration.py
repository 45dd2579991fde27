import pytest
import yaml
from configuration import ConfigurationError, checked


def changed(config, changes):
    """Merge changes given as {"a.b.c": value} into a configuration."""
    for key, value in changes.items():
        *path, last = key.split(".")
        section = config
        for step in path:
            section = section[step]
        section[last] = value
    return config


@pytest.fixture
def check(config, repository, tmp_path):
    """Check the default configuration with changes, in a repository that holds what it names."""
    for file in ("resources/mini_prior/model_index.json", "segmodel/configs/segformer_mini.py"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()

    def run(**changes):
        return checked(changed(config, changes), repository / "workflow/schemas/config.schema.yaml", tmp_path)

    return run


@pytest.mark.parametrize("name", ["config.yaml", "paper.yaml"])
def test_shipped_configurations_are_valid(repository, name):
    config = yaml.safe_load((repository / "config" / name).read_text())
    checked(config, repository / "workflow/schemas/config.schema.yaml", repository)


def test_benchmark_name_is_filled_in(check):
    assert check(benchmark="other")["datasets"]["gta"]["checksums"].startswith("results/other/publishers")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sedes": [1]}, "Configuration: unknown key 'sedes' (did you mean 'seeds'?)."),
        ({"controlnet.foo": 1}, "unknown key 'foo' in controlnet (it knows crop, "),
        ({"seed": "zero"}, 'seed is "zero" but must be a whole number'),
        ({"seeds": [0, -1]}, "seeds[1] is -1 but must be at least 0"),
        ({"dreambooth.learning_rate": "1e-4"}, "only with a dot, as in 1.0e-4"),
        ({"dreambooth.precision": "fp8"}, "but must be one of fp32, fp16, bf16"),
        ({"evaluation.cityscapes.size": [64]}, "evaluation.cityscapes.size is [64] but must be a list of at least 2"),
        ({"datasets.a/b": {}}, "'a/b' under datasets must be a name of letters, digits and underscores"),
        ({"generators.other": {"images": 4}}, "the key generators.other.images_per_shard is missing"),
        ({"source": "gtav"}, "source names 'gtav', which datasets does not have (it has gta, cityscapes,"),
        ({"training_sets.dginstyle.generator": "dg"}, "training_sets.dginstyle.generator names 'dg', which generators"),
        ({"baseline": "none"}, "baseline names 'none', which training_sets does not have"),
        ({"baseline": "oracle"}, "ablations lists the baseline 'oracle'"),
        ({"ablations": ["none"]}, "ablations[0] names 'none', which training_sets does not have"),
        ({"quality.model": "none"}, "quality.model names 'none', which models does not have"),
        ({"training_sets.generated_only.generator": None}, "has neither source images nor a generator"),
        ({"generators.dginstyle.second_pass.scale": 0.5}, "generators.dginstyle.second_pass.scale is 0.5 but"),
        ({"generators.no_rcs.second_pass": {"scale": 0.5}}, "generators.no_rcs.second_pass.scale is 0.5 but"),
        ({"generators.dginstyle.foo": 1}, "unknown key 'foo' in generators.dginstyle (it knows"),
        ({"generators.oracle.based_on": "none"}, "generators.oracle.based_on names 'none', which generators does not"),
        ({"generators.dginstyle.based_on": "oracle"}, "based_on names 'dginstyle', which is based on oracle"),
        ({"publishers": {}}, "generators.oracle has an appearance, but the source 'gta' is not under publishers"),
        ({"generators.oracle.recoloured": {"class_colours": 1, "colour_jitter": 0}},
         "has both appearance and recoloured"),
        ({"evaluation": {}}, "targets[0] names 'cityscapes', which evaluation does not have (it has no entry)"),
        ({"targets": ["gta"], "evaluation.gta": {"size": [8, 8], "mode": "whole", "crop": [8, 8], "stride": [8, 8]}},
         "targets names 'gta', which is the source: a target is never trained on"),
        ({"generators.dginstyle.images_per_shard": 481}, "images_per_shard is 481 but must be at most images, 480"),
        ({"training_sets.source_only.source.images": None}, "training_sets.source_only.source must have a number"),
        ({"evaluation.cityscapes.stride": [64, 128]}, "stride must be at most crop"),
        ({"prior": "resources/none"}, "prior names the folder resources/none, which holds no model_index.json"),
        ({"prior": "results/{benchmark}/prior", "prior_training": None}, "train_prior makes only with prior_training"),
        ({"models.segformer_mini.config": "configs/none.py"}, "config names the file configs/none.py, which does not"),
    ],
)  # fmt: skip
def test_wrong_configuration_is_one_sentence(check, changes, sentence):
    with pytest.raises(ConfigurationError) as error:
        check(**changes)
    assert sentence in str(error.value)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_an_entry_takes_what_it_does_not_give_from_the_one_it_is_based_on(check):
    generators = check(**{"generators.coarse": {"based_on": "no_fusion", "steps": 3}})["generators"]
    assert generators["coarse"] == generators["dginstyle"] | {"second_pass": None, "steps": 3}


def test_nested_values_are_merged(check):
    changes = {"generators.coarse": {"based_on": "dginstyle", "second_pass": {"stride": 16}}}
    generators = check(**changes)["generators"]
    assert generators["coarse"]["second_pass"] == generators["dginstyle"]["second_pass"] | {"stride": 16}


def test_prior_may_be_a_hub_id(check):
    assert check(prior="stable-diffusion-v1-5/stable-diffusion-v1-5")


def test_every_key_of_the_schema_is_described(repository):
    schema = yaml.safe_load((repository / "workflow/schemas/config.schema.yaml").read_text())

    def undescribed(node, path=""):
        node = {**schema["$defs"].get(node.get("$ref", "").rpartition("/")[2], {}), **node}
        if path and "description" not in node:
            yield path
        children = {**node.get("properties", {}), "*": node.get("additionalProperties") or {}}
        for name, child in children.items():
            if child:
                yield from undescribed(child, f"{path}.{name}")

    assert [path for path in undescribed(schema) if not path.endswith("*")] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--config", "sedes=1"], "unknown key 'sedes'"),
        (["--config", "seed=-1"], "seed is -1 but must be at least 0"),
        (["--config", "prior=resources/none"], "prior names the folder resources/none"),
        (["--config", "datasets={cityscapes: {packages: [none.zip]}}"], "Data set cityscapes: get its packages from "),
    ],
)
def test_run_stops_with_the_sentence_before_any_work(snakemake, tmp_path, arguments, sentence):
    result = snakemake(tmp_path, *arguments)
    assert result.returncode == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "results").exists()
