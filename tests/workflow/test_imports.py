"""Import closures of commands, and what they imply for conda environments and DVC dependencies."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import imports
import pytest
import yaml
from packaging.utils import canonicalize_name

HEAVY = {"torch", "torchvision", "diffusers", "transformers", "accelerate", "mmseg", "mmengine", "mmcv", "safetensors"}


@pytest.fixture(scope="module")
def environments(repository):
    """The environment of each rule that calls a command, by rule name."""
    found = {}
    for path in (repository / "workflow/rules").glob("*.smk"):
        for block in re.split(r"^(?:use )?rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            original, name = re.match(r"(?:(\w+) as )?(\w+)", block).groups()
            if name in imports.verbs_of_rules():
                own = re.search(r"envs/(\w+).yaml", block)
                found[name] = own[1] if own else found[original]
    return found


def packages_imported(files):
    return {module.partition(".")[0] for file in files for module in imports.imported_modules(file)}


def test_rule_environment_has_torch_only_if_its_command_imports_it(environments):
    heavy = {name for name in environments if HEAVY & packages_imported(imports.files_of_rule(name))}
    assert heavy == {name for name, environment in environments.items() if environment == "torch"}


@pytest.mark.parametrize("name", ["data", "torch"])
def test_environment_pins_all_imports_of_its_rules(repository, environments, name):
    files = {file for rule, used in environments.items() if used == name for file in imports.files_of_rule(rule)}
    others = packages_imported(files) - sys.stdlib_module_names - {"dginstyle", "segmodel"}
    environment = yaml.safe_load((repository / f"workflow/envs/{name}.yaml").read_text())
    pins = {pin.partition("==")[0] for pin in environment["dependencies"][-1]["pip"]}
    distributions = packages_distributions()
    assert others
    for package in others:
        assert pins & {canonicalize_name(name) for name in distributions[package]}, f"{package} is not in {name}.yaml"


def test_every_rule_that_calls_a_command_is_found(environments):
    assert {"fetch_package", "train_controlnet", "train_segmentation", "draw_figures"} <= environments.keys()


@pytest.mark.parametrize("rule", ["convert_labels", "render_packages", "build_training_set", "summarise_evaluations"])
def test_runtime_imports_are_in_the_closure(repository, rule):
    package, verb = imports.verbs_of_rules()[rule].split()
    program = (
        f"import importlib, sys; from {package}.__main__ import VERBS\n"
        f"importlib.import_module(VERBS['{verb}'].partition(':')[0])\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.partition('.')[0] in ('dginstyle', 'segmodel')))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True)
    loaded = {Path(file) for file in done.stdout.split()}
    command_line = {repository / package / name for name in ("__main__.py", "cli.py", "orphans.py", "system_errors.py")}
    assert loaded - command_line <= imports.files_of_rule(rule)


def test_model_depends_on_its_base_configurations(repository):
    files = {str(path.relative_to(repository)) for path in imports.model_files("segmodel/configs/hrda_b5.py")}
    assert {f"segmodel/configs/{name}.py" for name in ("hrda_b5", "daformer_b5", "_base_/paper")} <= files
    assert "segmodel/models/mit.py" in files


def test_values_of_a_model_and_its_bases_count_but_comments_do_not(tmp_path):
    def digest(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        imports.model_assignments.cache_clear()
        return imports.model_digest(tmp_path / "own.py")

    before = digest(own='_base_ = "base.py"\nsize = "l"\n', base="model = dict(rank=8)\n")
    assert digest(own='"""A sentence."""\n\n_base_ = "base.py"  # beside\nsize = "l"\n') == before
    assert len({before, digest(base="model = dict(rank=16)\n"), digest(own='_base_ = "base.py"\nsize = "s"\n')}) == 3


def test_folder_replaces_all_its_files(repository):
    files = set((repository / "segmodel/tables").glob("*.py"))
    assert imports.collapsed(files) == ["segmodel/tables"]
    assert imports.collapsed({repository / "segmodel/tables/page.py"}) == [
        "segmodel/tables/page.py",
        "segmodel/tables/published_figures.csv",
        "segmodel/tables/published_protocols.yaml",
    ]


@pytest.mark.parametrize("folder", [".", "paper_pipeline"])
def test_training_stages_depend_on_one_package_only(repository, folder):
    stages = yaml.safe_load((repository / folder / "dvc.yaml").read_text())["stages"]
    deps = {
        dep.removeprefix("../") for name, stage in stages.items() if name.startswith("train-") for dep in stage["deps"]
    }
    assert deps & {"segmodel/training"}
    assert not [dep for dep in deps if dep.startswith("dginstyle") or dep in ("segmodel", "segmodel/evaluation")]
