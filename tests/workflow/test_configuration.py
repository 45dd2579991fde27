import os
import shutil
import subprocess
import sys

import pytest
import schema
import yaml
from configuration import ConfigurationError, checked
from repeated_keys import repeated_keys

from dginstyle.generation.kinds import GeneratorOptions

IMPORTED_MODEL = {
    "kind": "imported",
    "config": "segmodel/configs/segformer_mini.py",
    "checkpoints": [{"training_set": "gta", "url": "latest.pth"}],
}

TOWN = {"title": "Town", "images": "a/*.png", "labels": "b/*.png", "image_suffix": ".png", "label_suffix": ".png"}
PREDICTIONS = {"training_set": "gta", "folders": dict.fromkeys(("cityscapes", "bdd100k", "mapillary"), "resources")}


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
    """Validate the default configuration with changes, in a repository with all files that it references."""
    for folder in ("resources/mini_prior", "segmodel/configs"):
        shutil.copytree(repository / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.safetensors"))

    def run(**changes):
        return checked(changed(config, changes), tmp_path)

    return run


@pytest.mark.parametrize("name", ["config.yaml", "paper.yaml"])
def test_shipped_configurations_are_valid(repository, name):
    config = yaml.safe_load((repository / "config" / name).read_text())
    checked(config, repository)


@pytest.mark.parametrize("rate", ["2e-05", "+2E-5", "2.e-5", ".2e-4"])
def test_a_number_that_yaml_reads_as_text_is_a_number(check, rate):
    """`dvc exp run -S` writes numbers below 1e-4 like this."""
    changes = {"controlnet.learning_rate": rate, "generators.no_rcs": {"based_on": "dginstyle", "guidance": "1e1"}}
    config = check(**changes)
    assert config["controlnet"]["learning_rate"] == 2e-5
    assert config["generators"]["no_rcs"]["guidance"] == 10.0
    assert check(note="2e-05")["note"] == "2e-05"


def test_a_key_that_stands_twice_is_refused(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("seeds: [0]\nmodels:\n  - a: {size: 1, size: 2}\nseeds: [1]\n")
    assert list(repeated_keys([file])) == [
        f"Configuration: {file} has the key size twice, in lines 3 and 3.",
        f"Configuration: {file} has the key seeds twice, in lines 1 and 4.",
    ]


def test_benchmark_name_is_filled_in(check):
    assert check(benchmark="other")["datasets"]["gta"]["checksums"].startswith("results/other/publishers")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sedes": [1]}, "Configuration: unknown key 'sedes' (did you mean 'seeds'?)."),
        ({"controlnet.foo": 1}, "unknown key 'foo' in controlnet (known: crop, "),
        ({"seed": "zero"}, 'seed is "zero" but must be a valid integer'),
        ({"seeds": [0, -1]}, "seeds[1] is -1 but must be greater than or equal to 0"),
        ({"dreambooth.steps": "1e4"}, 'steps is "1e4" but must be a valid integer (optimiser steps); write it without'),
        ({"dreambooth.precision": "fp8"}, "but must be 'fp32', 'bf16' or 'fp16'"),
        ({"evaluation.cityscapes.size": [64]}, "the key evaluation.cityscapes.size[1] is missing"),
        ({"datasets.a/b": {}}, "datasets.a/b: 'a/b' must be a name of letters, digits and underscores"),
        ({"training_sets.shade.shade": {"styles": 0}}, "shade.styles is 0 but must be greater than or equal to 1"),
        ({"training_sets.generated_only.shade": {}}, "training_sets.generated_only.shade needs source images; set"),
        ({"training_sets.shade.redraw": {}}, "redraw: needs either min_crop_share or min_crop_pixels"),
        (
            {"training_sets.shade.redraw": {"online": False, "min_crop_pixels": 9}},
            "online is false, so that source.sampling must be rare_class_rejection, not rare_class_sampling",
        ),
        (
            {
                "models.segformer_mini.evaluation_mode": "slide",
                "evaluation.cityscapes": {"size": [64, 128], "mode": "whole"},
            },
            "models.segformer_mini.evaluation_mode is slide: evaluation.cityscapes needs crop and stride",
        ),
        ({"generators.other": {"kind": "render"}}, "the key generators.other.images is missing"),
        ({"generators.other": {"images": 4}}, "other.kind must be one of diffusion, render, recolour, imported"),
        ({"generators.other": {"kind": "gan"}}, "other.kind must be one of diffusion, render, recolour, imported"),
        ({"generators.oracle.steps": 4}, "unknown key 'steps' in generators.oracle (known:"),
        ({"seeds": [0, 0]}, "seeds: [0, 0] must be a list without repetitions"),
        ({"dreambooth.learning_rate": float("nan")}, "dreambooth.learning_rate is NaN but must be a finite number"),
        ({"generators.dginstyle.plain_prompt": "a street"}, "generators.dginstyle: plain_prompt is 'a street'"),
        ({"source": "gtav"}, "source names 'gtav', which datasets does not have (it has gta, cityscapes,"),
        ({"training_sets.dginstyle.generator": "dg"}, "training_sets.dginstyle.generator names 'dg', which generators"),
        ({"baseline": "none"}, "baseline names 'none', which training_sets does not have"),
        ({"baseline": "oracle"}, "ablations lists the baseline 'oracle'"),
        ({"ablations": ["none"]}, "ablations[0] names 'none', which training_sets does not have"),
        ({"quality.model": "none"}, "quality.model names 'none', which models does not have"),
        ({"training_sets.generated_only.generator": None}, "generated_only needs source images or a generator"),
        ({"generators.dginstyle.second_pass.scale": 0.5}, "generators.dginstyle.second_pass.scale is 0.5 but"),
        ({"generators.no_rcs.second_pass": {"scale": 0.5}}, "generators.no_rcs.second_pass.scale is 0.5 but"),
        ({"generators.dginstyle.foo": 1}, "unknown key 'foo' in generators.dginstyle (known:"),
        ({"generators.oracle.based_on": "none"}, "generators.oracle.based_on names 'none', which generators does not"),
        ({"generators.dginstyle.based_on": "oracle"}, "based_on names 'dginstyle', which is based on oracle"),
        ({"publishers": {}}, "generators.oracle renders the source 'gta', which is not under publishers"),
        ({"evaluation": {}}, "targets[0] names 'cityscapes', which evaluation does not have (it has no entry)"),
        ({"targets": ["gta"], "evaluation.gta": {"size": [8, 8], "mode": "whole", "crop": [8, 8], "stride": [8, 8]}},
         "targets names 'gta', which is the source, but targets must not be trained on"),
        ({"generators.dginstyle.images_per_shard": 481}, "images_per_shard is 481 but must be at most images (480)"),
        ({"training_sets.source_only.source.images": None}, "training_sets.source_only.source: must have a number"),
        ({"evaluation.cityscapes.stride": [64, 128]}, "stride [64, 128] leaves gaps between windows of [64, 64]"),
        ({"prior": "resources/none"}, "prior names the folder resources/none, which holds no model_index.json"),
        ({"prior": "results/{benchmark}/prior", "prior_training": None}, "which needs prior_training to be trained"),
        ({"prior": "owner/name"}, "prior is the hub id owner/name, whose content can change: add prior_revision, a"),
        ({"prior_revision": 40 * "0"}, "prior_revision is for hub ids, but prior is the folder resources/mini_prior"),
        ({"models.segformer_mini.config": "configs/none.py"}, "config names the file configs/none.py, which does not"),
        ({"pretrained": {"controlnet": {"origin": "owner/name"}}}, "pretrained.controlnet.origin is a hub id, whose"),
        ({"pretrained": {"controlnet": {"origin": "owner/name", "revision": "main"}}},
         'pretrained.controlnet.revision is "main" but must match'),
        ({"pretrained": {"unet_source": {"origin": "/no/where"}}}, "unet_source.origin: /no/where does not exist"),
        ({"pretrained": {"unet_source": {"origin": "resources", "subfolder": "mini_prior"}}},
         "mini_prior holds no config.json with"),
        ({"pretrained": {"unet_source": {"origin": "resources/mini_prior", "revision": 40 * "0"}}},
         "pretrained.unet_source.revision is for hub ids, but origin is the path resources/mini_prior"),
        ({"generators.dginstyle.lora": {"origin": "/no/where"}}, "lora.origin names /no/where, which does not"),
        ({"generators.dginstyle.prompts": "none.csv"}, "generators.dginstyle.prompts names the file none.csv, which"),
        ({"generators.dginstyle.prompts": "segmodel/configs/segformer_mini.py"}, "generators.dginstyle.prompts: /"),
        ({"averages": {"cityscapes": None}}, "averages.cityscapes has the name of a target; give it another one"),
        ({"averages": {"avg2": ["cityscapes", "acdc"]}}, "averages.avg2 names 'acdc', which targets does not have"),
        ({"protocols": {"published": {"none": {}}}}, "protocols.published.none names 'none', which training_sets does"),
        ({"protocols": {"p": {"oracle": {"models": ["b5"]}}}}, "protocols.p.oracle.models[0] names 'b5', which models"),
        ({"protocols": {"p": {"oracle": {"compared_with": ["x"]}}}}, "protocols.p.oracle.compared_with[0] names 'x'"),
        ({"protocols": {"p": {"oracle": {}}, "q": {"oracle": {}}}}, "protocols.p.oracle: oracle is in two protocols"),
        ({"protocols": {"p": {"oracle": {"models": []}}}}, "protocols.p.oracle.models is [] but must have at least"),
        ({"models.segformer_mini.training_sets": ["x"]}, "models.segformer_mini.training_sets[0] names 'x', which"),
        ({"models.segformer_mini.training_sets": ["source_only", "dginstyle", "oracle", "dginstyle_dinov2"]},
         "models.segformer_mini.training_sets names 'dginstyle_dinov2', which protocols gives to other models only"),
        ({"generators.other": {"kind": "imported"}}, "the key generators.other.packages is missing"),
        ({"generators.other": {"kind": "imported", "packages": ["a"], "images": 4}},
         "unknown key 'images' in generators.other (did you"),
        ({"generators.bdd100k": {"kind": "imported", "packages": ["a"]}}, "generators.bdd100k is imported and needs a"),
        ({"predictions": {"other": {"training_set": "gta", "folders": {}}}},
         "predictions.other.folders has no folder for the target cityscapes"),
        ({"predictions": {"other": PREDICTIONS | {"folders": PREDICTIONS["folders"] | {"acdc": "."}}}},
         "predictions.other.folders names 'acdc', which is no target"),
        ({"predictions": {"other": PREDICTIONS, "same": PREDICTIONS | {"model": "other"}}},
         "predictions.same has the model other, training_set gta and seed 0 of predictions.other"),
        ({"predictions": {"segformer_mini": PREDICTIONS | {"training_set": "oracle"}}},
         "predictions.segformer_mini has the model segformer_mini, training_set oracle and seed 0 of models.segform"),
        ({"predictions": {"other": PREDICTIONS | {"folders": dict.fromkeys(PREDICTIONS["folders"], "none")}}},
         "predictions.other.folders.cityscapes names the folder none, which does not exist"),
        ({"models.other": {"kind": "found"}}, "models.other.kind must be one of trained, imported"),
        ({"models.other": IMPORTED_MODEL | {"checkpoints": []}}, "models.other.checkpoints is [] but must have at"),
        ({"models.other": IMPORTED_MODEL | {"iterations": 1}}, "unknown key 'iterations' in models.other (known:"),
        ({"models.other": IMPORTED_MODEL | {"checkpoints": 2 * IMPORTED_MODEL["checkpoints"]}},
         "models.other: several checkpoints have training_set gta and seed 0"),
        ({"models.gta": IMPORTED_MODEL}, "models.gta is imported and needs a name of its own"),
        ({"models.other": IMPORTED_MODEL, "quality.model": "other"}, "quality.model names 'other', which is imported"),
        ({"dreambooth.crop": [63, 64]}, "dreambooth.crop is [63, 64], but this prior needs sides that are"),
        ({"generators.no_rcs.window": [72, 64]}, "generators.no_rcs.window is [72, 64], but this prior needs"),
        ({"controlnet.conditioning_channels": [16, 32, 96, 256]},
         "conditioning_channels is [16, 32, 96, 256], but this prior's autoencoder downsamples by 4: use 3 numbers"),
        ({"generators.dginstyle.second_pass.stride": 17},
         "generators.dginstyle.second_pass.stride is 17, which leaves gaps between windows of 16 latent pixels"),
        ({"training_sets.more_source.source.images": 1001},
         "more_source.source.images is 1001, but datasets.gta.expected_pairs is 1000"),
        ({"datasets.cityscapes.adapter": TOWN | {"label_map": {"traffic_light": [1]}}},
         "datasets.cityscapes.adapter: Town: label_map has the unknown class 'traffic_light'; known: road, sidewalk,"),
        ({"datasets.cityscapes.adapter": TOWN | {"label_map": {"road": [1], "car": [1]}}},
         "Town: the label id 1 is listed under both road and car"),
        ({"training_sets.source_only.generated_share": 0.5}, "generated_share is 0.5, but generator is null; set"),
        ({"training_sets.generated_only.generated_share": 0.5}, "generated_share is 0.5, but source is null; set"),
        ({"models.segformer_mini.config": "segmodel/configs/deeplabv2_mini.py"},
         "training_sets.shade.shade works with Mix Transformers only, not with the ResNetV1c of models.segformer_mini"),
        ({"training_sets.dginstyle_dinov2.shade": {}},
         "dginstyle_dinov2.shade works with Mix Transformers only, not with the DINOv2 of models.dinov2_linear_mini"),
        ({"training_sets.shade.shade.backward": "separate", "models.segformer_mini.processes": 2},
         "training_sets.shade.shade.backward is separate, which needs models.segformer_mini.processes: 1"),
        ({"evaluation.bdd100k": {"size": [48, 96], "crop": [48, 48], "stride": [48, 48]}},
         "models.segformer_mini.crop is [64, 64], larger than evaluation.bdd100k.size, [48, 96], but quality needs"),
    ],
)  # fmt: skip
def test_invalid_configuration_is_reported_in_one_sentence(check, changes, sentence):
    with pytest.raises(ConfigurationError) as error:
        check(**changes)
    assert sentence in str(error.value)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_entry_inherits_from_the_one_it_is_based_on(check):
    generators = check(**{"generators.coarse": {"based_on": "no_fusion", "steps": 3}})["generators"]
    assert generators["coarse"] == generators["dginstyle"] | {"second_pass": None, "steps": 3}


def test_nested_values_are_merged(check):
    changes = {"generators.coarse": {"based_on": "dginstyle", "second_pass": {"stride": 16}}}
    generators = check(**changes)["generators"]
    assert generators["coarse"]["second_pass"] == generators["dginstyle"]["second_pass"] | {"stride": 16}


def test_prior_may_be_a_hub_id(check):
    assert check(prior="stable-diffusion-v1-5/stable-diffusion-v1-5", prior_revision="0" * 40)


@pytest.mark.parametrize("key", ["models.segformer_mini.workers", "evaluation.cityscapes.batch_size"])
def test_every_documented_option_can_be_set(check, key):
    section, name, option = key.split(".")
    assert check(**{key: 2})[section][name][option] == 2


def test_entry_of_another_kind_inherits_the_keys_of_its_kind(check):
    generators = check()["generators"]
    assert generators["oracle"].keys() == {"appearance", *GeneratorOptions.model_fields, "kind"} - {"hub_repository"}
    assert generators["oracle"]["crop"] == generators["dginstyle"]["crop"]


def test_schema_and_reference_are_up_to_date():
    assert yaml.safe_load(schema.SCHEMA.read_text()) == schema.schema(), "run `make schema`"
    assert schema.REFERENCE.read_text() == schema.reference(), "run `make schema`"


def test_every_key_is_described():
    rows = [line.split(" | ") for line in schema.reference().splitlines() if line.startswith("| `")]
    assert [row[0] for row in rows if not row[-1].strip(" |")] == []


def test_validation_imports_no_torch(repository):
    code = "import sys; sys.path.insert(0, 'workflow/lib'); import configuration; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=repository).returncode == 0


def test_adding_an_option_is_one_line_in_one_file(repository, tmp_path):
    """An option added to its class is valid in the configuration and described in the reference."""
    shutil.copytree(repository, tmp_path / "copy", ignore=shutil.ignore_patterns(".*", "results", "tests", "docs"))
    (tmp_path / "copy/docs").mkdir()
    options = tmp_path / "copy/dginstyle/training/options.py"
    anchor = "    resize_factors: tuple"
    assert anchor in options.read_text()
    line = '    flip: Share = Field(0.5, description="probability that a crop is mirrored")\n'
    options.write_text(options.read_text().replace(anchor, line + anchor))
    code = (
        "import sys, yaml; from pathlib import Path; from configuration import checked, ConfigurationError\n"
        "config = yaml.safe_load(Path('config/config.yaml').read_text()); config['dreambooth']['flip'] = 0.25\n"
        "print(checked(config, Path('.'))['dreambooth']['flip']); import schema; schema.main()\n"
        "config['dreambooth']['flip'] = 2\n"
        "try: checked(config, Path('.'))\n"
        "except ConfigurationError as error: print(error)"
    )
    environment = os.environ | {"PYTHONPATH": "workflow/lib"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path / "copy", env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[:1] == ["0.25"], done.stderr
    assert "dreambooth.flip is 2 but must be less than or equal to 1 (probability that" in done.stdout
    row = "| `flip` | number ≥ 0 ≤ 1 | `0.5` | probability that a crop is mirrored |"
    assert row in (tmp_path / "copy/docs/options.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--config", "sedes=1"], "unknown key 'sedes'"),
        (["--config", "seed=-1"], "seed is -1 but must be greater than or equal to 0"),
        (["--config", "prior=resources/none"], "prior names the folder resources/none"),
        (["--config", "datasets={cityscapes: {packages: [none.zip]}}"], "Data set cityscapes: get its packages from "),
    ],
)
def test_run_with_an_invalid_configuration_stops_before_any_job(snakemake, tmp_path, arguments, sentence):
    result = snakemake(tmp_path, *arguments)
    assert result.returncode == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "results").exists()
