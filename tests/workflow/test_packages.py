"""Where packages come from, and what happens when a person has yet to get them."""

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


def requests(config, repository):
    """Return the requests for packages by data set."""
    named = {name: packages.request(config, name, repository) for name in config["datasets"]}
    return {name: request for name, request in named.items() if request}


def test_the_paper_names_six_sets_and_says_what_to_get_for_those_behind_an_account(paper, tmp_path):
    assert {paper["source"], *paper["targets"]} == set(paper["datasets"]) and len(paper["datasets"]) == 6
    requested = requests(paper, tmp_path)
    assert list(requested) == ["cityscapes", "bdd100k", "mapillary", "acdc"]
    for name, file in (("cityscapes", "gtFine_trainvaltest.zip"), ("acdc", "gt_trainval.zip")):
        assert requested[name].startswith(f"Data set {name}: get its packages from {paper['datasets'][name]['page']}")
        assert str(tmp_path / "packages" / file) in requested[name]


def test_with_an_account_csdownload_makes_up_for_the_files_of_cityscapes(paper, tmp_path):
    assert "csDownload -l" in requests(paper, tmp_path)["cityscapes"]
    (tmp_path / "credentials.json").write_text(json.dumps({"username": "me", "password": "secret"}))
    assert "cityscapes" not in requests(paper, tmp_path)


def test_a_folder_may_take_the_place_of_the_packages(paper, tmp_path):
    (tmp_path / "unpacked").mkdir()
    paper["datasets"]["acdc"]["packages"] = [str(tmp_path / "unpacked")]
    assert packages.package_files(paper, "acdc", tmp_path) == ["unpacked"]
    assert "acdc" not in requests(paper, tmp_path)


@pytest.mark.parametrize("made", ["data/mapillary/manifest.csv", "packages/mapillary/NAME"])
def test_a_converted_set_or_fetched_package_is_no_longer_asked_for(paper, tmp_path, made):
    made = made.replace("NAME", "mapillary-vistas-dataset_public_v1.2.zip")
    assert "mapillary" in requests(paper, tmp_path)
    (tmp_path / "results/paper" / made).parent.mkdir(parents=True)
    (tmp_path / "results/paper" / made).touch()
    assert "mapillary" not in requests(paper, tmp_path)


@pytest.mark.parametrize("command", ["-np", "--dag", "--summary", "--unlock", "--lint", "--list-rules", "--touch"])
def test_commands_that_run_no_job_need_no_packages(snakemake, repository, tmp_path, command):
    result = snakemake(tmp_path, command, "--configfile", str(repository / "config/paper.yaml"))
    assert result.returncode == 0, result.stderr


def test_run_stops_with_one_sentence_a_set_before_any_job(snakemake, repository, tmp_path):
    result = snakemake(tmp_path, "--configfile", str(repository / "config/paper.yaml"))
    assert result.returncode == 1
    for name in ("cityscapes", "bdd100k", "mapillary", "acdc"):
        assert (result.stderr + result.stdout).count(f"Data set {name}: get its packages from ") == 1
    assert not (tmp_path / "results").exists()


def test_run_whose_targets_need_no_missing_package_goes_on(snakemake, repository, tmp_path):
    (tmp_path / "my.yaml").write_text("datasets: {cityscapes: {packages: [none.zip]}}\n")
    files = (str(repository / "config/smoke.yaml"), str(tmp_path / "my.yaml"))
    target = "results/smoke/data/bdd100k/report.json"
    assert snakemake(tmp_path, "--configfile", *files, "--", target).returncode == 0
    result = snakemake(tmp_path, "--configfile", *files, "--", target.replace("bdd100k", "cityscapes"))
    assert result.returncode == 1
    assert "Data set cityscapes: get its packages from " in result.stderr
