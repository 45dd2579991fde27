"""Where packages come from: what is missing is said before anything runs."""

import json

import packages
import pytest
import yaml


@pytest.fixture
def paper(repository, monkeypatch, tmp_path):
    """The paper's configuration, seen from an empty folder, with csDownload's account wherever a test puts it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(packages, "CSDOWNLOAD_ACCOUNT", tmp_path / "credentials.json")
    return yaml.safe_load((repository / "config/paper.yaml").read_text())


def missing(config, repository):
    return {sentence.split(":")[0]: sentence for sentence in packages.missing_packages(config, repository)}


def test_the_paper_names_six_sets_and_says_what_to_get_for_those_behind_an_account(paper, tmp_path):
    assert {paper["source"], *paper["targets"]} == set(paper["datasets"]) and len(paper["datasets"]) == 6
    sentences = missing(paper, tmp_path)
    assert list(sentences) == [f"Data set {name}" for name in ("cityscapes", "bdd100k", "mapillary", "acdc")]
    for name, file in (("cityscapes", "gtFine_trainvaltest.zip"), ("acdc", "gt_trainval.zip")):
        sentence = sentences[f"Data set {name}"]
        assert paper["datasets"][name]["page"] in sentence and str(tmp_path / "packages" / file) in sentence


def test_with_an_account_csdownload_makes_up_for_the_files_of_cityscapes(paper, tmp_path):
    assert "csDownload -l" in missing(paper, tmp_path)["Data set cityscapes"]
    (tmp_path / "credentials.json").write_text(json.dumps({"username": "me", "password": "secret"}))
    assert "Data set cityscapes" not in missing(paper, tmp_path)


def test_a_folder_may_take_the_place_of_the_packages(paper, tmp_path):
    (tmp_path / "unpacked").mkdir()
    paper["datasets"]["acdc"]["packages"] = [str(tmp_path / "unpacked")]
    assert packages.is_folder(paper, "acdc", str(tmp_path / "unpacked"), tmp_path)
    assert "Data set acdc" not in missing(paper, tmp_path)
