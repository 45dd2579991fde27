"""GPUs, memory and time of the jobs: the arithmetic against what was measured, and what Snakemake gets of it."""

import copy
import math
import re
from dataclasses import replace

import costs
import machine
import networks
import pytest
import rates
import yaml
from jobs import Jobs
from workloads import Workloads

GIB, GB = 2**30, 1e9


@pytest.fixture
def paper(repository):
    return yaml.safe_load((repository / "config/paper.yaml").read_text()) | {"max_runtime": 2880}


@pytest.fixture
def resolved(repository):
    """Return a configuration with inherited entries filled in."""
    from configuration import checked

    return lambda config: checked(copy.deepcopy(config), repository)


def changed(config, section, **values):
    return {**config, section: {**config[section], **values}}


@pytest.mark.parametrize(
    ("counted", "published"),
    [
        (lambda: networks.prior(networks.STABLE_DIFFUSION)["unet"], 0.803e12),
        (lambda: networks.prior(networks.STABLE_DIFFUSION)["controlnet"], 0.285e12),
        (lambda: {"flops": networks.model("segmodel/configs/daformer_b5.py")["training"]}, 0.253e12),
        (lambda: {"flops": networks.model("segmodel/configs/hrda_b5.py")["training"]}, 0.515e12),
        (lambda: {"flops": networks.model("segmodel/configs/hrda_b5.py")["inference"]}, 2.54e12),
    ],
)
def test_recorded_flops(counted, published):
    assert counted()["flops"] == pytest.approx(published, rel=0.01)


@pytest.mark.slow
def test_recorded_counts_are_those_of_the_networks():
    assert networks.count_prior("resources/mini_prior", 64) == networks.recorded()["priors"]["resources/mini_prior"]
    for name in ("segformer_mini", "hrda_mini", "dinov2_rein_mini"):
        config = f"segmodel/configs/{name}.py"
        assert networks.count_model(config) == networks.recorded()["models"][config]


def test_training_on_a_frozen_encoder_takes_the_passes_and_the_memory_of_what_is_trained(paper, resolved):
    workloads = Workloads(resolved(paper))
    passes, states = {}, {}
    for model in ("dinov2_linear_l", "dinov2_frozen_l", "dinov2_rein_l"):
        work = workloads.segmentation({"model": model, "training_set": "source_only_dinov2"})
        trained, encoder = work.networks
        passes[model] = trained.training_flops(False) / trained.flops
        states[model] = costs.training_state(replace(work, activations=0))
        assert encoder.parameters == 304_368_640 and not encoder.training_flops(False)
    assert 1 <= passes["dinov2_linear_l"] < passes["dinov2_frozen_l"] < passes["dinov2_rein_l"] < 3
    assert states["dinov2_linear_l"] == 4 * 304_368_640 + 16 * (1024 * 19 + 19)  # no moments of frozen weights


def test_generation_takes_its_flops_in_the_second_pass(paper, resolved):
    work = Workloads(resolved(paper)).shard({"generator": "dginstyle", "shard": "0"})
    assert work.calls * work.call == pytest.approx(3535e12, rel=0.02)  # stride 8, both halves of guidance


def test_controlnet_training_takes_its_flops(paper, resolved):
    config = changed(paper, "controlnet", gradient_checkpointing=False)
    work = Workloads(resolved(config)).controlnet({})
    networks_only = [net for net in work.networks if net.passed]
    total = work.steps * work.images * sum(net.training_flops(False) for net in networks_only)
    assert total == pytest.approx(6.1e18, rel=0.03)


MEASURED = [  # rule, wildcards, changes, GPU, bytes at the peak, whatever the margin
    ("train_dreambooth", {}, ("dreambooth", {"precision": "fp32", "workers": 0, "accumulation": 1}), False, 14.9 * GIB),
    ("train_controlnet", {}, ("controlnet", {"precision": "fp32", "workers": 0, "batch_size": 1}), False, 15.4 * GIB),
    ("train_segmentation", {"model": "segformer"}, ("models", {}), False, 6.2 * GB),
    ("train_segmentation", {"model": "daformer"}, ("models", {}), False, 7.5 * GB),
    ("train_segmentation", {"model": "hrda"}, ("models", {}), False, 14.5 * GB),
    ("train_segmentation", {"model": "deeplabv2"}, ("models", {}), False, 4.9 * GB),
    ("train_segmentation", {"model": "segformer"}, ("models", {}), True, 6.32 * GIB),
    ("train_segmentation", {"model": "daformer"}, ("models", {}), True, 6.88 * GIB),
]


@pytest.mark.parametrize(("rule", "wildcards", "change", "on_gpu", "measured"), MEASURED)
def test_memory_covers_what_was_measured(paper, resolved, rule, wildcards, change, on_gpu, measured):
    section, values = change
    config = changed(paper, section, **values)
    for model in config["models"].values():
        model["workers"] = 0
    wildcards = wildcards and {**wildcards, "training_set": "source_only", "seed": "0"}
    cost = Workloads(resolved(config)).cost(rule, wildcards, costs.GPU if on_gpu else costs.CPU, on_gpu)
    assert measured <= 1.25 * (cost.card if on_gpu else cost.host) < 2.6 * measured


def test_jobs_of_the_paper_each_take_a_gpu(paper, resolved):
    jobs = Jobs(resolved(paper))
    assert jobs.gpu("train_dreambooth")({}) == 1
    assert jobs.gpu("generate_shard")({"generator": "dginstyle"}) == 1


def test_a_training_takes_a_gpu_for_each_process(paper, resolved):
    jobs = Jobs(resolved(changed(paper, "controlnet", processes=8)))
    assert jobs.gpu("train_controlnet")({}) == 8
    alone = Jobs(resolved(paper))
    assert jobs.mem_mb("train_controlnet")({}, 1) == pytest.approx(
        8 * alone.mem_mb("train_controlnet")({}, 1), rel=0.01
    )
    assert jobs.runtime("train_controlnet")({}, 1) < 2880


@pytest.mark.parametrize("device", ["cpu", "any"])
def test_the_mini_benchmark_needs_no_gpu_but_may_use_one(config, resolved, device):
    jobs = Jobs(resolved({**config, "device": device}))
    assert jobs.gpu("train_controlnet")({}) == (0 if device == "cpu" else 1)


def test_memory_and_time_grow_with_the_attempts_up_to_the_limits(paper, resolved):
    jobs, shard = Jobs(resolved(paper)), {"generator": "dginstyle"}
    memory, minutes = (getattr(jobs, name)("generate_shard") for name in ("mem_mb", "runtime"))
    first = memory(shard, 1)
    assert [memory(shard, attempt) / first for attempt in (2, 3, 9)] == pytest.approx([1.5, 2, 2], rel=1e-3)
    assert minutes(shard, 2) == 2 * minutes(shard, 1)
    assert minutes(shard, 99) == 2880


def test_a_training_beyond_the_longest_job_is_started_again_as_often_as_it_needs(paper, resolved):
    jobs = Jobs(resolved({**paper, "max_runtime": 600}))
    needed = math.ceil(jobs._minutes("train_controlnet", {}) / 600)
    assert needed > 3 and jobs.retries("train_controlnet") == needed + 1
    assert jobs.runtime("train_controlnet")({}, 1) == 600
    assert Jobs(resolved({**paper, "max_runtime": None})).retries("train_controlnet") == 2


def test_loaders_hide_the_time_of_decoding(paper, resolved):
    def seconds(workers):
        config = changed(paper, "controlnet", workers=workers)
        return Workloads(resolved(config)).cost("train_controlnet", {}, costs.GPU, True).seconds

    assert seconds(0) > 1.5 * seconds(8)


def test_unknown_networks_cost_as_much_as_the_largest_known(paper, resolved):
    assert networks.prior("owner/other") == networks.prior(networks.STABLE_DIFFUSION)
    assert networks.model("my.py") == networks.model("segmodel/configs/hrda_b5.py")


def test_retries_suit_the_slowest_training_of_a_rule(paper, resolved):
    jobs = Jobs(resolved({**paper, "max_runtime": 60}))
    daformer, hrda = ({"model": model, "training_set": "source_only"} for model in ("daformer", "hrda"))
    assert jobs.retries("train_segmentation", [daformer, hrda]) == jobs.retries("train_segmentation", [hrda])
    assert jobs.retries("train_segmentation", [hrda]) > jobs.retries("train_segmentation", [daformer])


def test_the_mini_prior_is_trained_on_a_gpu_with_its_corpus(config, resolved):
    jobs = Jobs(resolved({**config, "device": "gpu"}))
    assert jobs.gpu("train_prior")({}) == 1
    assert jobs.gpu_mem_mb("train_prior")({}) > 80000 * 27e3 / 1e6


@pytest.mark.parametrize(
    ("group", "files"),
    [
        ("0::/job_7/step_0\n", {"job_7/memory.max": "9000000\n", "job_7/step_0/memory.max": "max\n"}),
        ("0::/\n", {"memory.max": "9000000\n"}),
        ("4:cpu:/\n3:memory:/job_7\n", {"memory/job_7/memory.limit_in_bytes": "9000000\n"}),
    ],
)
def test_memory_is_that_of_the_container_or_job_that_the_workflow_runs_in(tmp_path, monkeypatch, group, files):
    for name, text in {**files, "cgroup": group}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(machine, "GROUPS", tmp_path)
    monkeypatch.setattr(machine, "GROUP", tmp_path / "cgroup")
    assert machine.memory_mb() == 9


USES_GPUS = ("train_dreambooth", "train_controlnet", "generate_shard", "train_segmentation", "evaluate_target")


@pytest.mark.parametrize(("device", "count"), [("gpu", 1), ("cpu", 0)])
def test_every_rule_that_computes_reserves_its_gpu(snakemake, repository, tmp_path, device, count):
    """With four cards in this machine."""
    options = ["--configfile", repository / "config/smoke.yaml", "--config", f"device={device}"]
    result = snakemake(tmp_path, "--dry-run", "--printshellcmds", *map(str, options), CUDA_VISIBLE_DEVICES="0,1,2,3")
    assert result.returncode == 0, result.stderr
    blocks = {text.split(":")[0]: text for text in re.split("^(?:local)?rule ", result.stdout, flags=re.MULTILINE)}
    for rule in (*USES_GPUS, "measure_quality"):
        assert re.search(rf"resources: .*\bgpu={count}\b", blocks[rule]), blocks[rule]
        assert f"on_gpus {count} python -m" in blocks[rule]


def test_shade_that_selects_its_styles_more_often_takes_longer(paper, resolved):
    config, times = resolved(paper), []
    rate, model = rates.named(rates.DEFAULT_CARD).rates, config["models"]["hrda_384"]
    for every in (4000, 400):
        config["training_sets"]["source_only_hrda"]["shade"]["refresh_every"] = every
        work = Workloads(config).segmentation({"model": "hrda_384", "training_set": "source_only_hrda"})
        times.append(costs.training_cost(work, rate, on_gpu=True).seconds)
    images = model["iterations"] * (1 / 400 - 1 / 4000) * 25000
    assert times[1] - times[0] == pytest.approx(images * 2.1 * rate.loading / model["workers"])
