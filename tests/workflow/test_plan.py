import resource
import subprocess
import sys
from collections import Counter

import pytest


@pytest.fixture(scope="module")
def default_plan(plan, tmp_path_factory):
    return plan(tmp_path_factory.mktemp("default"))


@pytest.fixture(scope="module")
def ablations_plan(plan, tmp_path_factory):
    return plan(tmp_path_factory.mktemp("ablations"), "ablations")


def seconds_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)  # CPU time, since the machine may be busy
    return usage.ru_utime + usage.ru_stime


def test_default_is_planned_within_five_seconds(snakemake, tmp_path):
    before = seconds_of_children()
    assert snakemake(tmp_path, "--dry-run", "--quiet").returncode == 0
    assert seconds_of_children() - before < 5


def test_default_covers_models_sets_seeds_and_targets(default_plan):
    rules = Counter(job.rule for job in default_plan)
    judge = 1
    assert (rules["generate_shard"], rules["train_segmentation"], rules["evaluate_target"]) == (4, 6 + judge, 18)


def test_table_needs_no_figures(plan, tmp_path):
    rules = {job.rule for job in plan(tmp_path, "results/dg_miou.csv")}
    assert "summarise_evaluations" in rules and not rules & {"draw_figures", "plot_samples"}


TRAINED = {"train_dreambooth", "train_controlnet", "draw_generation_list", "generate_shard", "train_segmentation"}
FILTERED = {"judge_shard", "judge_source", "filter_shard", "gather_filtered"}


def files_behind(jobs, wanted):
    """Return the files that some of a plan's jobs read, directly or through other jobs."""
    made_by, waiting, read = {file: job for job in jobs for file in job.outputs}, list(wanted), set()
    while waiting:
        new = waiting.pop().inputs - read
        read |= new
        waiting += [made_by[file] for file in new if file in made_by]
    return read


def test_no_training_or_generation_reads_a_target(default_plan, config):
    jobs = [job for job in default_plan if job.rule in TRAINED]
    assert {job.rule for job in jobs} == TRAINED
    read = files_behind(default_plan, jobs)
    assert any(f"/{config['source']}/" in file for file in read)
    assert not [file for file in read for target in config["targets"] if f"/{target}" in file]


def test_no_filter_or_judge_reads_a_target_or_the_oracle(ablations_plan, config):
    jobs = [job for job in ablations_plan if job.rule in FILTERED]
    assert {job.rule for job in jobs} == FILTERED
    read = files_behind(ablations_plan, jobs)
    assert any("/segmentation/segformer_mini/dginstyle/seed0/weights" in file for file in read)
    assert not [file for file in read for name in [*config["targets"], config["oracle"]] if f"/{name}" in file]


def test_judging_is_shared_and_each_filter_works_in_the_shards_of_its_set(ablations_plan, config):
    rules = Counter(job.rule for job in ablations_plan)
    filtered = [entry["filter"] for entry in config["training_sets"].values() if entry.get("filter")]
    assert (rules["judge_shard"], rules["judge_source"]) == (2 * 4, 1)  # two judges, the published one with the source
    assert (rules["filter_shard"], rules["gather_filtered"]) == (4 * len(filtered), len(filtered))


def test_ablations_train_and_evaluate_every_training_set(ablations_plan, config):
    rules, sets = Counter(job.rule for job in ablations_plan), len(config["training_sets"])
    rows = sets - 2 + 3 * 2  # three models are trained on two sets that SegFormer is not trained on
    assert (rules["train_segmentation"], rules["evaluate_target"]) == (3 * rows, 9 * rows)
    files = {file for job in ablations_plan for file in job.outputs}
    assert {"results/ablations.csv", "results/ablations_quality.csv", "results/figures/ablations.png"} <= files


def test_foundation_models_are_trained_on_their_own_sets_and_in_no_default_table(ablations_plan, default_plan, config):
    def trained(jobs):
        folders = [file.split("/")[3:5] for job in jobs if job.rule == "train_segmentation" for file in job.outputs]
        return {tuple(folder) for folder in folders}

    foundation = {row for row in trained(ablations_plan) if row[0].startswith("dinov2_")}
    models = [name for name in config["models"] if name.startswith("dinov2_")]
    assert foundation == {(model, name) for model in models for name in ("source_only_dinov2", "dginstyle_dinov2")}
    assert {model for model, _ in trained(default_plan)} == {"segformer_mini"}


def test_oracle_is_not_in_the_default_table(default_plan):
    table = next(job for job in default_plan if job.rule == "summarise_evaluations")
    assert table.inputs and not [file for file in table.inputs if "oracle" in file]


def test_generation_without_style_swap_reads_the_source_unet(plan, tmp_path):
    (tmp_path / "no_swap.yaml").write_text("generators: {dginstyle: {style_swap: false}}\n")

    def source_unets(*arguments):
        shards = [job for job in plan(tmp_path, *arguments) if job.rule == "generate_shard"]
        return [file for job in shards for file in job.inputs if "unet_source" in file]

    assert source_unets() == []
    assert len(source_unets("--configfile", str(tmp_path / "no_swap.yaml"))) == 4


def test_benchmark_can_train_its_own_prior(plan, default_plan, tmp_path):
    rules = {job.rule for job in plan(tmp_path, "--config", "prior=results/{benchmark}/prior")}
    assert rules - {job.rule for job in default_plan} == {"train_prior"}


def test_benchmarks_share_only_the_tables(plan, default_plan, repository, tmp_path):
    smoke = plan(tmp_path, "--configfile", str(repository / "config/smoke.yaml"))
    shared = {file for job in smoke for file in job.outputs} & {file for job in default_plan for file in job.outputs}
    assert not [file for file in shared if file.count("/") > 1 and not file.startswith("results/figures/")]


def test_user_configuration_overrides_the_default(plan, tmp_path):
    (tmp_path / "my.yaml").write_text("seeds: [7]\n")
    rules = Counter(job.rule for job in plan(tmp_path, "--configfile", str(tmp_path / "my.yaml")))
    assert rules["train_segmentation"] == 3  # the third is the judge of quality.csv


def test_configuration_can_be_standalone(snakemake, tmp_path):
    (tmp_path / "my.yaml").write_text("extends_default: false\nseeds: [7]\n")
    result = snakemake(tmp_path, "--dry-run", "--configfile", str(tmp_path / "my.yaml"))
    assert result.returncode == 1
    assert "the key benchmark is missing" in result.stderr


def test_dry_run_asks_for_missing_packages(snakemake, tmp_path):
    result = snakemake(tmp_path, "--dry-run", "--config", "datasets={cityscapes: {packages: [none.zip]}}")
    assert result.returncode == 0
    assert (result.stderr + result.stdout).count("Data set cityscapes: get its packages from ") == 1


def test_paper_benchmark_is_planned(plan, repository, tmp_path):
    rules = Counter(job.rule for job in plan(tmp_path, "--configfile", str(repository / "config/paper.yaml")))
    assert (rules["fetch_package"], rules["generate_shard"], rules["evaluate_target"]) == (28, 24, 180)
    assert "render_packages" not in rules


def test_use_conda_without_conda_warns_once(snakemake, tmp_path):
    result = snakemake(tmp_path, "--dry-run", "--use-conda")
    assert result.returncode == 0
    assert (result.stderr + result.stdout).count("No conda on the PATH") == 1


def test_lint_is_clean(snakemake, tmp_path):
    assert snakemake(tmp_path, "--lint").returncode == 0


def test_rules_are_formatted(repository):
    command = [sys.executable, "-m", "snakefmt", "--check", "workflow"]
    assert subprocess.run(command, cwd=repository, capture_output=True).returncode == 0
