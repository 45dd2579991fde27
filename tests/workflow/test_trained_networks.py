"""ControlNets kept from earlier steps, and publishing: rules of their own."""

import pytest
import yaml
from configuration import ConfigurationError, checked

from dginstyle.miniworld.appearance import WEATHERS

EARLY = {
    "dreambooth": {"hub_repository": "someone/unet-source"},
    "controlnet": {"hub_repository": "someone/controlnet", "keep_checkpoints": 2},  # of 2000 steps, saved every 300
    "generators": {"early": {"based_on": "dginstyle", "controlnet": 900}},
}


@pytest.fixture
def early(tmp_path):
    """A configuration with a generator of an earlier ControlNet, and repositories on the hub."""
    file = tmp_path / "early.yaml"
    file.write_text(yaml.safe_dump(EARLY))
    return str(file)


def test_a_generator_draws_with_the_controlnet_that_it_names(plan, tmp_path, early):
    jobs = plan(tmp_path, "results/mini/generated/early/manifest.csv", "--configfile", early)
    kept = "results/mini/models/controlnet_steps/900"
    shards = [job for job in jobs if job.rule == "generate_shard"]
    assert shards and all(kept in job.inputs for job in shards)
    assert not any("results/mini/models/controlnet" in job.inputs for job in shards)
    [training] = [job for job in jobs if job.rule == "train_controlnet"]
    assert training.outputs == {
        "results/mini/models/controlnet",
        *(kept, "results/mini/models/controlnet_steps/1800"),
    }


@pytest.mark.parametrize("local", [True, False])
def test_a_generator_draws_with_its_adapter(plan, tmp_path, local):
    adapter = tmp_path / "adapters/lcm.safetensors"
    adapter.parent.mkdir()
    adapter.touch()
    lora = {"origin": str(adapter.parent) if local else "owner/lcm-lora"}
    file = tmp_path / "lcm.yaml"
    file.write_text(
        yaml.safe_dump({"generators": {"lcm": {"based_on": "dginstyle", "scheduler": "lcm", "lora": lora}}})
    )
    jobs = plan(tmp_path, "results/mini/generated/lcm/manifest.csv", "--configfile", str(file))
    shards = [job for job in jobs if job.rule == "generate_shard"]
    assert shards and all(("adapters/lcm.safetensors" in job.inputs) == local for job in shards)


def test_a_generator_draws_the_prompts_of_its_file(plan, tmp_path):
    prompts, file = tmp_path / "prompts.csv", tmp_path / "written.yaml"
    prompts.write_text("prompt,weather\na lane,\n" + "".join(f"{{classes}},{weather}\n" for weather in WEATHERS))
    entry = {"based_on": "dginstyle", "prompts": str(prompts)}
    file.write_text(yaml.safe_dump({"generators": {"written": entry}}))
    jobs = plan(tmp_path, "results/mini/generated/written/manifest.csv", "--configfile", str(file))
    shards = [job for job in jobs if job.rule == "generate_shard"]
    assert shards and all("prompts.csv" in job.inputs for job in shards)


@pytest.mark.parametrize(
    ("keep", "pretrained", "sentence"),
    [
        (0, None, "generators.early.controlnet is 600, but controlnet.keep_checkpoints keeps none."),
        (2, None, "generators.early.controlnet is 600, but controlnet.keep_checkpoints keeps steps 900, 1800."),
        (3, {"controlnet": {"origin": "a/b", "sha256": "0" * 64}}, "controlnet.keep_checkpoints keeps none."),
    ],
)
def test_a_controlnet_that_is_not_kept_is_refused(config, repository, keep, pretrained, sentence):
    config["generators"]["early"] = {"based_on": "dginstyle", "controlnet": 600}
    config["controlnet"]["keep_checkpoints"] = keep
    config["pretrained"] = pretrained
    with pytest.raises(ConfigurationError) as raised:
        checked(config, repository)
    assert str(raised.value).endswith(sentence)


def test_what_has_a_repository_is_published_on_request_only(plan, tmp_path, early, repository):
    more = tmp_path / "more.yaml"
    more.write_text(
        "generators: {dginstyle: {hub_repository: someone/scenes}}\n"
        "models: {segformer_mini: {hub_repository: someone/segformer}}\n"
    )
    jobs = plan(tmp_path, "publish", "--configfile", early, str(more))
    published = {file for job in jobs if job.rule.startswith("publish_") for file in job.outputs}
    names = ("models/unet_source", "models/controlnet", "generated/dginstyle", "segmentation/segformer_mini")
    assert published == {f"results/mini/published/{name}.json" for name in names}
    assert not any(job.rule.startswith("publish") for job in plan(tmp_path, "--configfile", early, str(more)))


def test_a_repository_is_not_inherited_and_named_once(config, repository):
    config["generators"]["dginstyle"]["hub_repository"] = "someone/scenes"
    found = checked(config, repository)
    assert found["generators"]["dginstyle"]["hub_repository"] == "someone/scenes"
    assert not any(found["generators"][name].get("hub_repository") for name in ("no_rcs", "oracle"))
    config["models"]["segformer_mini"]["hub_repository"] = "someone/scenes"
    with pytest.raises(ConfigurationError, match="names 'someone/scenes', as generators.dginstyle.hub_repository does"):
        checked(config, repository)


def test_a_failed_upload_leaves_the_weights(snakemake, tmp_path, early):
    folder, card = tmp_path / "results/mini/models/controlnet", tmp_path / "results/mini/cards/models/controlnet.md"
    for file in (folder / "config.json", card):
        file.parent.mkdir(parents=True)
        file.write_text("{}")
    target = "results/mini/published/models/controlnet.json"
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0", "HF_TOKEN": "hf_of_a_test"}
    done = snakemake(tmp_path, target, "--allowed-rules", "publish_network", "--configfile", early, **nowhere)
    assert done.returncode != 0
    assert "is not on the hub" in done.stderr + done.stdout
    assert (folder / "config.json").is_file()
