"""Downloads are local rules, few at a time, so that the nodes of a cluster need no network."""

import re

import pytest

NETWORK = ("survey", "fetch", "download-prior", "download-network", "download-encoder")
"""Commands that download."""


def rules(repository):
    """Return the text of each rule."""
    text = "".join(path.read_text() for path in (repository / "workflow/rules").glob("*.smk"))
    return re.split(r"^(?=rule \w+:)", text, flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("command", NETWORK)
def test_a_rule_that_downloads_is_local_and_counts_as_a_download(repository, command):
    [rule] = [text for text in rules(repository) if re.search(rf"python -m \w+ {command} ", text)]
    assert "localrule: True" in rule and "download=1" in rule


def test_two_downloads_run_at_a_time_unless_told_otherwise(snakemake, tmp_path):
    small = tmp_path / "small.yaml"
    small.write_text("publishers: {bdd100k: {scenes: 1}}")

    def provided(*arguments):
        package = "results/mini/packages/bdd100k/bdd100k_images_10k.zip"
        run = snakemake(tmp_path, package, "--forceall", *arguments, "--configfile", str(small))
        return re.search(r"Provided resources: .*download=\D*(\d+)", run.stderr + run.stdout)[1]

    assert provided() == "2"
    assert provided("--resources", "download=5") == "5"


def test_the_paper_benchmark_computes_with_what_it_downloaded(plan, repository, tmp_path):
    jobs = plan(tmp_path, "--configfile", str(repository / "config/paper.yaml"))
    prior = [job for job in jobs if job.rule in ("train_dreambooth", "train_controlnet", "generate_shard")]
    assert all("results/paper/downloads/prior" in job.inputs for job in prior)
    encoders = [file for job in jobs if job.rule == "train_segmentation" for file in job.inputs if "/encoders/" in file]
    assert len(encoders) == len([job for job in jobs if job.rule == "train_segmentation"])


def test_models_without_encoder_weights_download_nothing(plan, tmp_path):
    assert not [job for job in plan(tmp_path) if job.rule.startswith("download")]
