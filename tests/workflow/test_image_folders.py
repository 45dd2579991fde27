"""Rules that read images depend on their folders: a table of the same files says nothing of what is in them."""

import yaml
from image_folders import set_folders, training_folders

READERS = ("judge_shard", "filter_shard", "measure_quality", "plot_samples")


def test_folders_of_a_training_set_are_those_of_all_its_images(config):
    config["training_sets"] = {
        "both": {"source": {"images": 8}, "generator": "mine", "filter": {"erode": 1}},
        "theirs": {"source": None, "generator": "theirs"},
    }
    config["generators"] = {"mine": {"kind": "recolour", "images": 3, "images_per_shard": 2}}
    config["generators"]["theirs"] = {"kind": "imported"}
    shards = [f"<benchmark>/generated/mine/shards/{n}/{part}" for n in (0, 1) for part in ("images", "labels")]
    filtered = [f"<benchmark>/filtered/both/shards/{n}" for n in (0, 1)]
    assert training_folders(config, "both") == ["<source>/raw", "<source>/labels", *shards, *filtered]
    assert training_folders(config, "theirs") == ["<benchmark>/data/theirs/raw", "<benchmark>/data/theirs/labels"]
    assert set_folders(config, "mine") == shards


def test_rules_that_read_generated_images_depend_on_their_folders(plan, repository, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"ablations": ["noisy_pixels_published"]}))
    smoke = str(repository / "config/smoke.yaml")
    jobs = plan(tmp_path, "--configfile", smoke, str(file), "--", "ablations", "all")
    images = "results/smoke/generated/dginstyle/shards/0/images"
    for rule in READERS:
        assert any(images in job.inputs for job in jobs if job.rule == rule), rule
    trainings = [job for job in jobs if job.rule == "train_segmentation"]
    inputs = {path.split("/")[4]: job.inputs for job in trainings for path in job.outputs}
    assert "results/smoke/data/gta/raw" in inputs["source_only"] and images not in inputs["source_only"]
    assert images in inputs["dginstyle"]
    assert "results/smoke/filtered/noisy_pixels_published/shards/0" in inputs["noisy_pixels_published"]
