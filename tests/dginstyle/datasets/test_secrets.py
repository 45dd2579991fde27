"""Secrets of addresses: put in for the request alone, and never in logs, records, file names or reports."""

import json

import packages
import pytest
from pydantic import TypeAdapter, ValidationError
from reporting import without_queries

from dginstyle.datasets.download import remote_size
from dginstyle.datasets.fetch import fetch
from dginstyle.datasets.options import DatasetOptions, Package
from dginstyle.datasets.survey import survey
from tests.dginstyle.package_server import CONTENT, SHA256

SECRET = "s3cr3t"


def everything(folder):
    """Return the names and contents of all files in a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "".join(map(str, files)).encode() + b"".join(path.read_bytes() for path in files)


def test_a_variable_in_an_address_is_put_in_for_the_request_alone(server, output, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("TEST_TOKEN", SECRET)
    url = f"{server.url}?token=${{TEST_TOKEN}}"
    assert remote_size(url) == len(CONTENT)
    survey(urls={"01_images.zip": url}, folder=output.parent, output=tmp_path / "survey.json")
    server.cut_first = 1
    fetch(url=url, output=output, lock=tmp_path / "lock")
    assert {path.partition("?")[2] for path in server.asked} == {f"token={SECRET}"}
    assert output.read_bytes() == CONTENT
    printed = "".join(capfd.readouterr())
    assert SECRET not in printed and "token" not in printed
    assert SECRET.encode() not in everything(tmp_path)


def test_a_variable_that_is_not_set_is_named(server, output, monkeypatch):
    monkeypatch.delenv("TEST_TOKEN", raising=False)
    with pytest.raises(SystemExit, match="names the environment variable TEST_TOKEN, which is not set"):
        fetch(url=f"{server.url}?token=${{TEST_TOKEN}}", output=output, sha256=SHA256)


@pytest.mark.parametrize(
    "url", ["http://me:${TEST_TOKEN}@/a.zip", "http://[${TEST_TOKEN}/a.zip", "http://${TEST_TOKEN}"]
)
def test_an_invalid_address_is_refused_without_its_secrets(url, output, monkeypatch, capfd):
    monkeypatch.setenv("TEST_TOKEN", f"{SECRET}:no_port")
    with pytest.raises(SystemExit) as stop:
        fetch(url=url, output=output, sha256=SHA256)
    assert SECRET not in str(stop.value) + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "location", ["https://me:secret@example.org/a.zip", "https://me@example.org/a.zip", "http://[a/b"]
)
def test_an_address_with_a_user_or_password_is_refused(location):
    for given in ({"packages": [location]}, {"packages": [{"url": location}]}, {"checksums": location}):
        values = {"adapter": "gta", "split": "train", "packages": ["a.zip"], **given}
        with pytest.raises(ValidationError, match="user or password|is no URL"):
            TypeAdapter(DatasetOptions).validate_python(values)


def test_paths_with_an_at_sign_are_paths():
    assert Package(url="/data/me@home/a.zip").url == "/data/me@home/a.zip"


def test_a_query_is_no_part_of_a_file_name_or_of_the_report():
    url = f"https://example.org/a.zip?token={SECRET}&x=1"
    config = {"datasets": {"acdc": {"packages": [url, {"url": url, "name": None}]}}, "generators": {}, "models": {}}
    assert [*packages.packages(config, "acdc")] == ["a.zip", "2_a.zip"]
    shown = json.dumps(without_queries(config))
    assert SECRET not in shown and "https://example.org/a.zip" in shown
