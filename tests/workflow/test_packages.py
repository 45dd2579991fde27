"""Package locations, and requests for packages that the user must download."""

import json

import packages
import pytest
import yaml


@pytest.fixture
def paper(repository, monkeypatch, tmp_path):
    """The paper's configuration in an empty folder, with csDownload's account file in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(packages, "CSDOWNLOAD_ACCOUNT", tmp_path / "credentials.json")
    return yaml.safe_load((repository / "config/paper.yaml").read_text())


def requests(config, repository):
    """Return the requests for packages by data set."""
    named = {name: packages.request(config, name, repository) for name in config["datasets"]}
    return {name: request for name, request in named.items() if request}


def test_paper_requests_the_packages_that_need_an_account(paper, tmp_path):
    assert {paper["source"], *paper["targets"]} == set(paper["datasets"]) and len(paper["datasets"]) == 6
    requested = requests(paper, tmp_path)
    assert list(requested) == ["cityscapes", "bdd100k", "mapillary", "acdc"]
    for name, file in (("cityscapes", "gtFine_trainvaltest.zip"), ("acdc", "gt_trainval.zip")):
        assert requested[name].startswith(f"Data set {name}: get its packages from {paper['datasets'][name]['page']}")
        assert str(tmp_path / "packages" / file) in requested[name]


def test_csdownload_account_replaces_the_cityscapes_packages(paper, tmp_path):
    assert "csDownload -l" in requests(paper, tmp_path)["cityscapes"]
    (tmp_path / "credentials.json").write_text(json.dumps({"username": "me", "password": "secret"}))
    assert "cityscapes" not in requests(paper, tmp_path)


def test_folder_can_replace_the_packages(paper, tmp_path):
    (tmp_path / "unpacked").mkdir()
    paper["datasets"]["acdc"]["packages"] = [str(tmp_path / "unpacked")]
    assert packages.package_files(paper, "acdc", tmp_path) == ["unpacked"]
    assert "acdc" not in requests(paper, tmp_path)


@pytest.mark.documented(
    "packages",
    "several of one file name (`north/val.zip`, `south/val.zip`)",
    "all are used; later ones are fetched as `2_val.zip`, …",
)
def test_packages_of_one_name_are_all_fetched(paper, tmp_path):
    urls = ["north/town.zip", "https://example.org/town.zip", "south/town.zip"]
    paper["datasets"]["acdc"]["packages"] = urls
    named = packages.packages(paper, "acdc")
    assert list(named) == ["town.zip", "2_town.zip", "3_town.zip"]
    assert [entry["url"] for entry in named.values()] == urls


def test_the_home_folder_can_be_written_as_a_tilde(paper, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "town").mkdir()
    paper["datasets"]["acdc"]["packages"] = ["~/town"]
    assert packages.package_files(paper, "acdc", tmp_path / "clone") == ["town"]


@pytest.mark.parametrize("made", ["data/mapillary/manifest.csv", "packages/mapillary/NAME"])
def test_converted_set_or_fetched_package_is_not_requested(paper, tmp_path, made):
    made = made.replace("NAME", "mapillary-vistas-dataset_public_v1.2.zip")
    assert "mapillary" in requests(paper, tmp_path)
    (tmp_path / "results/paper" / made).parent.mkdir(parents=True)
    (tmp_path / "results/paper" / made).touch()
    assert "mapillary" not in requests(paper, tmp_path)


@pytest.mark.parametrize("command", ["-np", "--dag", "--summary", "--unlock", "--lint", "--list-rules", "--touch"])
def test_commands_without_jobs_need_no_packages(snakemake, repository, tmp_path, command):
    result = snakemake(tmp_path, command, "--configfile", str(repository / "config/paper.yaml"))
    assert result.returncode == 0, result.stderr


def test_run_stops_before_any_job_with_one_request_per_set(snakemake, repository, tmp_path):
    result = snakemake(tmp_path, "--configfile", str(repository / "config/paper.yaml"))
    assert result.returncode == 1
    for name in ("cityscapes", "bdd100k", "mapillary", "acdc"):
        assert (result.stderr + result.stdout).count(f"Data set {name}: get its packages from ") == 1
    assert not (tmp_path / "results").exists()


def test_run_that_needs_no_missing_package_continues(snakemake, repository, tmp_path):
    (tmp_path / "my.yaml").write_text("datasets: {cityscapes: {packages: [none.zip]}}\n")
    files = (str(repository / "config/smoke.yaml"), str(tmp_path / "my.yaml"))
    target = "results/smoke/data/bdd100k/report.json"
    assert snakemake(tmp_path, "--configfile", *files, "--", target).returncode == 0
    result = snakemake(tmp_path, "--configfile", *files, "--", target.replace("bdd100k", "cityscapes"))
    assert result.returncode == 1
    assert "Data set cityscapes: get its packages from " in result.stderr
