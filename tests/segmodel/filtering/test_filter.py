"""``judge-images``, ``filter-shard`` and ``gather-filtered`` on a small set."""

import csv
import json

import mmcv
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from segmodel.checksums import remembered
from segmodel.filtering import judge
from segmodel.filtering.filter import filter_shard
from segmodel.filtering.gather import gather_filtered
from segmodel.filtering.judge import judge_images
from segmodel.filtering.options import FilterOptions, JudgingOptions
from segmodel.filtering.shards import map_file, shard_of
from segmodel.labels import read_label
from segmodel.manifest import read_samples
from segmodel.training.data import Geometry, TrainingStream

JUDGE = {"model": "tiny", "training_set": "dginstyle"}
SIZES = JudgingOptions(size=(16, 16), crop=(16, 16), batch_size=3)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A generated set of 5 images of 16x16, and what a judge says of it in two shards: known losses and entropies."""
    folder = tmp_path_factory.mktemp("judged")
    rng = np.random.default_rng(0)
    rows = []
    for index in range(5):
        label = np.full((16, 16), 13, np.uint8)
        label[:, :8] = 0
        label[0] = 255
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / f"{index}.png")
        Image.fromarray(label).save(folder / f"{index}_label.png")
        rows.append((f"{index}.png", f"{index}_label.png"))
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image", "label"), *rows])
    for shard, indices in enumerate(([0, 1], [2, 3, 4])):
        (folder / f"{shard}/maps").mkdir(parents=True)
        losses, pixels = np.zeros((len(indices), 19)), np.zeros((len(indices), 19), np.int64)
        for place, index in enumerate(indices):
            loss = np.full((16, 16), 1.0 + index, np.float16)  # mean of both classes: 3
            losses[place, [0, 13]], pixels[place, [0, 13]] = 120 * (1.0 + index), 120
            maps = {"loss": loss, "predicted": np.full((16, 16), 2, np.uint8)}
            maps["confidence"] = np.where(np.arange(16) == 5, 0.95, 0.5).astype(np.float16) * np.ones((16, 1))
            maps["entropy"] = np.full((16, 16), 0.5, np.float16)
            np.savez(map_file(folder / f"{shard}/maps", index), **maps)
        np.savez(folder / f"{shard}/statistics.npz", loss=losses, pixels=pixels)
    return folder


@pytest.fixture
def run(judged, tmp_path):
    """Filter the set as the workflow does; return the filtered set's rows and its folder."""

    def call(**values):
        options = FilterOptions.model_validate({"judge": JUDGE, "class_means": "generated", **values})
        statistics = [judged / f"{shard}/statistics.npz" for shard in range(2)]
        for shard in range(2):
            filter_shard(
                data=judged / "manifest.csv", output=tmp_path / f"shards/{shard}", options=options, shard=shard,
                shards=2, maps=judged / f"{shard}/maps", statistics=statistics,
            )  # fmt: skip
        shards = [tmp_path / f"shards/{shard}/list.csv" for shard in range(2)]
        gather_filtered(shards=shards, output=tmp_path, options=options, seed=0, statistics=statistics)
        return read_samples(tmp_path / "manifest.csv"), tmp_path

    return call


def names(samples):
    return [sample.image.resolve().name for sample in samples]


def test_noisy_pixels_are_ignored_and_the_generated_set_stays_as_it_is(run, judged):
    before = {path: path.read_bytes() for path in judged.glob("*.png")}
    samples, folder = run(max_loss=1.25)
    assert names(samples) == [f"{index}.png" for index in range(5)]
    left = [(read_label(sample.label) != 255).sum() for sample in samples]
    assert left == [240, 240, 240, 0, 0]  # losses 1 to 5, limit 3.75
    report = json.loads((folder / "report.json").read_text())
    assert report["pixels"] == {"labelled": 1200, "relabelled": 0, "noisy": 480, "eroded": 0, "weighted": 0}
    assert {path: path.read_bytes() for path in judged.glob("*.png")} == before


def test_a_changed_label_map_is_found(run):
    samples, _ = run(erode=1)
    if not remembered(samples[0].label):
        pytest.skip("this file system keeps no attributes")
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(changed := samples[0].label.with_suffix(".new"), "PNG")
    samples[0].label.write_bytes(changed.read_bytes())
    with pytest.raises(SystemExit, match=samples[0].label.name):
        read_label(samples[0].label)


def test_operations_follow_one_another(run):
    samples, folder = run(relabel=0.9, max_loss=1.25, erode=1)
    label = read_label(samples[3].label)  # noisy except for the column that the judge relabels
    assert (label[1:, 5] == 255).all()  # a boundary now: eroded
    label = read_label(samples[0].label)
    assert np.flatnonzero(label[5] == 255).tolist() == [4, 5, 6, 7, 8] and (label[0] == 255).all()
    counts = json.loads((folder / "report.json").read_text())["pixels"]
    assert (counts["relabelled"], counts["noisy"], counts["eroded"]) == (5 * 15, 2 * 225, 3 * 5 * 15 + 2 * 15)


def test_best_images_are_kept_and_their_labels_are_the_generated_ones(run, judged):
    samples, folder = run(keep_images=0.6)
    assert names(samples) == ["0.png", "1.png", "2.png"]
    assert samples[0].label.resolve() == judged / "0_label.png"
    assert json.loads((folder / "report.json").read_text())["images_used"] == 3


def test_resampling_keeps_the_number_of_images_and_repeats(run):
    samples, folder = run(resample=20)
    first = (folder / "manifest.csv").read_bytes()
    assert len(samples) == 5
    run(resample=20)
    assert (folder / "manifest.csv").read_bytes() == first


def test_weights_are_read_by_the_training_as_large_as_the_image(run):
    samples, folder = run(boundaries={"width": 1, "emphasis": 1.0})
    table = folder / "training.csv"
    rows = [(one.image, one.label, "dginstyle", one.weight) for one in samples]
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("image", "label", "origin", "weight"), *rows])
    stream = TrainingStream(table, Geometry((8, 8), (8, 8), 1.0), seed=0)
    sample = stream[0]["data_samples"]
    weights, label = sample.gt_weights.data[0], sample.gt_sem_seg.data[0]  # (8, 8)
    assert stream.is_weighted and set(weights.unique().tolist()) == {1.0, 1.5}
    assert set(label.unique().tolist()) <= {0, 13, 255} and weights.shape == label.shape
    assert (weights[1:, 3:5] == 1.5).sum() == 7  # nearest of columns 7 and 8, whether flipped or not


def test_shards_cover_a_table_once():
    assert [shard_of(range(5), shard, 3) for shard in range(3)] == [[0], [1, 2], [3, 4]]


def test_a_judge_writes_the_losses_of_its_predictions(trained, mixed_set, tmp_path):
    weights = trained("judge") / "weights.safetensors"
    options = {"model": "tiny", "weights": weights, "options": SIZES}
    generated = tmp_path / "generated.csv"
    kept = [line for line in mixed_set.read_text().splitlines() if not line.endswith(",source")]
    generated.write_text("\n".join(kept) + "\n")
    for shard in range(2):
        files = {"maps": tmp_path / f"{shard}", "statistics": tmp_path / f"{shard}.npz"}
        judge_images(data=generated, shard=shard, shards=2, **files, **options)
    with np.load(map_file(tmp_path / "1", 3)) as maps, np.load(tmp_path / "1.npz") as statistics:
        label = read_label(read_samples(generated)[3].label)
        assert maps["loss"].shape == label.shape == (16, 16)
        assert (maps["loss"][label == 255] == 0).all() and (maps["loss"][label != 255] > 0).all()
        assert ((maps["entropy"] >= 0) & (maps["entropy"] <= 1)).all()
        assert statistics["pixels"][1].sum() == (label != 255).sum()
        assert statistics["loss"][1].sum() == pytest.approx(maps["loss"].astype(float).sum())
    judge_images(
        data=mixed_set, statistics=tmp_path / "source.npz", **options | {"options": SIZES.replace(size=(16, 32))}
    )
    with np.load(tmp_path / "source.npz") as statistics:
        assert statistics["pixels"].shape == (6, 19)


@pytest.mark.parametrize(("size", "keep_ratio", "seen"), [((16, 40), False, (16, 40)), ((20, 32), True, (16, 32))])
def test_each_pixel_of_a_source_image_counts_once(trained, mixed_set, tmp_path, size, keep_ratio, seen):
    options = SIZES.replace(size=size, keep_ratio=keep_ratio, batch_size=4)  # images of 32x16, windows of 16x16
    weights = trained("judge") / "weights.safetensors"
    judge_images(model="tiny", weights=weights, data=mixed_set, statistics=tmp_path / "s.npz", options=options)
    sources = [sample for sample in read_samples(mixed_set) if sample.origin == "source"]
    with np.load(tmp_path / "s.npz") as statistics:
        for own, sample in zip(statistics["pixels"], sources, strict=True):
            label = mmcv.imresize(read_label(sample.label), seen[::-1], interpolation="nearest")
            assert own.tolist() == np.bincount(label.ravel(), minlength=256)[:19].tolist()


def test_a_judge_of_another_model_or_without_logits_is_refused(trained, mixed_set, tmp_path, monkeypatch):
    weights = trained("judge") / "weights.safetensors"
    with pytest.raises(SystemExit, match="weights of tiny, not of other"):
        judge_images(model="other", weights=weights, data=mixed_set, statistics=tmp_path / "s.npz", options=SIZES)
    monkeypatch.setattr(judge, "pixel_loss", lambda network: None)
    with pytest.raises(SystemExit, match="the scores of tiny are no logits"):
        judge_images(model="tiny", weights=weights, data=mixed_set, statistics=tmp_path / "s.npz", options=SIZES)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "has no operation"),
        ({"judge": JUDGE}, "has no operation"),
        ({"relabel": 0.9}, "relabel needs a judge"),
        ({"judge": JUDGE, "relabel": 0.5}, "greater than 0.5"),
        ({"judge": JUDGE, "boundaries": {"width": 1, "emphasis": 2.5}}, "less than or equal to 2"),
        ({"judge": JUDGE, "keep_images": 0.0}, "greater than 0"),
    ],
)
def test_impossible_filters_are_refused(values, sentence):
    with pytest.raises(ValidationError, match=sentence):
        FilterOptions.model_validate(values)


def test_missing_judgements_are_named(judged, tmp_path):
    options = FilterOptions.model_validate({"judge": JUDGE, "max_loss": 1.25})
    with pytest.raises(SystemExit, match="needs --maps, which `judge-images` writes"):
        filter_shard(data=judged / "manifest.csv", output=tmp_path, options=options)
    with pytest.raises(SystemExit, match="needs --source, which `judge-images` writes"):
        filter_shard(data=judged / "manifest.csv", output=tmp_path, options=options, maps=judged / "0/maps")


def test_no_images_have_no_judgements():
    assert [*judge.judgements(None, [], JudgingOptions(size=(8, 8), crop=(8, 8)))] == []
