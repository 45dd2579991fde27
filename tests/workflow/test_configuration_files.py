"""Configuration files that YAML or Python cannot read, or read otherwise than they look."""

import pytest
import yaml
from configuration import ConfigurationError, checked
from dag import planned

REMARK = "# für Zürich\nseed: 3\n"


def test_default_in_another_encoding_is_told_with_its_line(clone_into, snakemake, tmp_path):
    clone = clone_into(tmp_path / "clone")
    file = clone / "config/config.yaml"
    file.write_bytes(b"\n" + REMARK.encode("latin-1") + file.read_bytes())
    run = snakemake(clone, "--dry-run")
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert f"Configuration: {file} is not UTF-8 in line 2: save it as UTF-8." in run.stderr


def test_plan_tells_a_file_in_another_encoding(tmp_path):
    (tmp_path / "my.yaml").write_bytes(REMARK.encode("latin-1"))
    with pytest.raises(SystemExit, match="my.yaml is not UTF-8 in line 1: save it as UTF-8"):
        planned([tmp_path / "my.yaml"], {}, [])


@pytest.mark.parametrize(
    ("key", "text", "sentence"),
    [
        ("note", "2026-11-27", "note is datetime.date(2026, 11, 27), a date: put it in quotes if it is text"),
        ("note", "!!binary aGk=", "note is b'hi', a bytes: put it in quotes if it is text"),
        ("models", "{1: {}}", "models has the key 1, which is no text: put it in quotes"),
        ("evaluation", "{null: {}}", "evaluation has the key None, which is no text: put it in quotes"),
        ("averages", "&all {mean: *all}", "averages.mean.mean is nested too deeply"),
        ("generators", "{dginstyle: {based_on: [a]}}", "generators.dginstyle.based_on names ['a'], which generators"),
        ("generators", "{dginstyle: {kind: [a]}}", "generators.dginstyle.kind must be one of"),
    ],
)
def test_values_that_are_no_text_are_told_in_one_sentence(config, repository, key, text, sentence):
    config[key] = yaml.safe_load(text)
    with pytest.raises(ConfigurationError) as stop:
        checked(config, repository)
    assert str(stop.value).startswith(f"Configuration: {sentence}")
    assert "\n" not in str(stop.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("model = dict(", "is no Python file"),
        ("_base_ = 'no_such_file.py'\nmodel = dict()\n", "No such file or directory"),
        ("_base_ = name\nmodel = dict()\n", "malformed"),
        ("\udcff", "is no Python file|can't decode"),
    ],
)
def test_model_configuration_that_cannot_be_read_is_told(config, repository, tmp_path, text, sentence):
    (tmp_path / "model.py").write_bytes(text.encode("utf-8", "surrogateescape"))
    config["models"]["segformer_mini"]["config"] = str(tmp_path / "model.py")
    with pytest.raises(ConfigurationError, match=f"models.segformer_mini.config cannot be used: .*({sentence})"):
        checked(config, repository)
