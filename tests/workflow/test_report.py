"""The report of a run that has not begun, and what makes it stale."""

import copy

from configuration import checked
from fingerprint import decisive
from reporting import Reporting


def test_report_can_be_made_at_any_time(snakemake, tmp_path):
    result = snakemake(tmp_path, "--nolock", "refresh_report")
    assert result.returncode == 0, result.stderr
    assert "page with everything: results/report.html" in result.stderr
    page = (tmp_path / "results/report.html").read_text()
    assert "this run is not complete" in page
    assert "not there yet" in page
    plan = snakemake(tmp_path, "--dry-run").stdout
    assert "render_report" in plan and "train_segmentation" in plan  # it stands in no run's way


def test_report_names_every_training_of_the_tables(config, repository):
    run = Reporting(checked(config, repository)).run(None)
    assert '["segformer_mini", "dginstyle", 2]' in run
    assert "no_fusion" not in run[run.index("trainings") :]


def test_report_is_stale_after_changes_that_affect_results_only(config, repository):
    before = checked(copy.deepcopy(config), repository)
    config["threads"]["train"] = 2
    config["models"]["segformer_mini"]["checkpoint_every"] = 1
    config["controlnet"]["checkpoint_every"] = 7
    assert decisive(checked(copy.deepcopy(config), repository)) == decisive(before)
    config["controlnet"]["steps"] = 3
    assert decisive(checked(config, repository)) != decisive(before)
