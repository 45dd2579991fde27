import re
import tomllib

import pytest
import yaml


def name_and_version(pin):
    name, version = pin.split("==")
    return re.sub(r"[-_.]+", "-", name).lower(), version


@pytest.fixture
def lock(repository):
    lines = (repository / "requirements.txt").read_text().splitlines()
    return dict(name_and_version(line) for line in lines if not line.startswith("#"))


def test_lock_pins_every_direct_dependency(repository, lock):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    direct = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    names = {re.match(r"[\w-]+", requirement)[0].lower() for requirement in direct}
    assert names <= lock.keys()


def test_lock_has_no_local_build_versions(lock):
    assert not [version for version in lock.values() if not re.fullmatch(r"[\w.]+", version)]


@pytest.mark.parametrize("name", ["data", "report", "torch"])
def test_rule_environments_pin_what_the_lock_pins(repository, lock, name):
    environment = yaml.safe_load((repository / f"workflow/envs/{name}.yaml").read_text())
    pins = dict(name_and_version(pin) for pin in environment["dependencies"][-1]["pip"])
    assert pins and pins.items() <= lock.items()


def test_light_environment_has_no_torch(repository):
    assert "torch" not in (repository / "workflow/envs/data.yaml").read_text()


def test_main_environment_installs_the_lock(repository):
    environment = yaml.safe_load((repository / "environment.yml").read_text())
    assert environment["dependencies"][-1] == {"pip": ["-r requirements.txt"]}
