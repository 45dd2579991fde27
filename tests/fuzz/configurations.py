"""Configurations and command lines."""

import json
from pathlib import Path

import packages
import yaml
from configuration import ConfigurationError, checked
from hypothesis import strategies as st
from repeated_keys import repeated_keys
from segmentation import Segmentation
from selection import table_sets, tabulated_sets, trainings, used_generators
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

from dginstyle.__main__ import VERBS
from dginstyle.cli import run_verb
from tests.fuzz.files import write_source
from tests.fuzz.parser import Parser
from tests.fuzz.strategies import YAML, altered, damaged

REPOSITORY = Path(__file__).parents[2]
NAMES = ("config/config.yaml", "config/smoke.yaml", "config/paper.yaml")
TEXTS = {name: (REPOSITORY / name).read_bytes() for name in NAMES}
DEFAULT, SMOKE, PAPER = (yaml.safe_load(text) for text in TEXTS.values())


def configuration(folder: Path, config: dict) -> None:
    planned(checked(config, REPOSITORY))


def planned(config: dict) -> None:
    """Ask an accepted configuration for what the rules need."""
    json.dumps(config)
    for owner in packages.owners(config):
        packages.package_files(config, owner, REPOSITORY)
        packages.request(config, owner, REPOSITORY)
    assert trainings(config, table_sets(config)) and tabulated_sets(config)
    used_generators(config, config["training_sets"])
    assert Segmentation(config, REPOSITORY).evaluations(config["training_sets"])


def configuration_file(folder: Path, content: bytes) -> None:
    """Read a file as Snakemake does; what Snakemake itself cannot read never reaches us."""
    (folder / "my.yaml").write_bytes(content)
    try:
        given = load_configfile(folder / "my.yaml")
    except (WorkflowError, ValueError, yaml.YAMLError, RecursionError):
        raise SystemExit("Snakemake cannot read it") from None
    config = json.loads(json.dumps(DEFAULT))
    update_config(config, given)
    checked(config, REPOSITORY)
    if repeated := next(repeated_keys([folder / "my.yaml"]), None):
        raise ConfigurationError(repeated)


def command(folder: Path, case: tuple[str, list[str]]) -> None:
    verb, arguments = case
    write_source(folder)
    run_verb("python -m dginstyle", VERBS, [verb, *arguments])


ODD_VALUES = st.sampled_from(["x", "0", "-1", "1e3", "nan", "null", "1", "true", "[]", "{}", "{", "é", "\n", "--raw"])
OPTIONS = {"expected_pairs": 1, "max_skipped": 0, "label_size": [8, 8]}
LINES = {
    "convert": {"adapter": "gta", "raw": "raw", "split": "val", "output": "out", "options": json.dumps(OPTIONS)},
    "draw-list": {
        "data": ".", "output": "list.csv", "images": "1", "rare_class_sampling": "true", "min_pixels": "0", "seed": "1"
    },
}  # fmt: skip


@st.composite
def command_lines(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Return a command and its arguments, of which some are odd or missing."""
    texts = altered(st.just(OPTIONS), YAML).map(lambda value: json.dumps(value, default=str, skipkeys=True))
    verb = draw(st.sampled_from([*LINES]))
    values = LINES[verb] | draw(
        st.dictionaries(st.sampled_from([*LINES[verb]]).filter("output".__ne__), ODD_VALUES | texts, max_size=2)
    )
    arguments = [part for key, value in values.items() for part in (f"--{key}", value)]
    if draw(st.sampled_from([False, False, True])):
        del arguments[draw(st.integers(0, len(arguments) - 1))]
    return verb, arguments


PARSERS = {
    "configurations": Parser(
        "configurations",
        altered(st.sampled_from([DEFAULT, PAPER]), YAML),
        configuration,
        (ConfigurationError,),
        short=40,
    ),
    "configuration files": Parser(
        "configuration files",
        damaged(st.sampled_from([TEXTS["config/smoke.yaml"], TEXTS["config/config.yaml"]])),
        configuration_file,
        (SystemExit, ConfigurationError),
        short=30,
    ),
    "command lines": Parser("command lines", command_lines(), command, short=40),
}
