"""The invariants of a finished run: they hold of one, and each is found once it is broken."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from segmodel.integrity.check import check_run
from segmodel.report.integrity import integrity
from segmodel.report.overview import overview
from segmodel.report.run import Run, RunOptions
from segmodel.tables.ablations import compare_ablations
from segmodel.tables.options import SummariseOptions
from tests.segmodel.integrity.conftest import CONFIGURATION, OPTIONS, SIZE, TRAININGS, write_training_set

TRAINED = "mini/segmentation/tiny/dginstyle/seed1"


def check(results, options=OPTIONS):
    check_run(results=results, benchmark="mini", run=options, output=results / "mini/invariants.json")


def changed(path, old, new):
    """Replace the first match of a pattern in a file."""
    text = path.read_text()
    path.write_text(re.sub(old, new, text, count=1))
    assert path.read_text() != text


def add_value(path, value):
    label = np.array(Image.open(path))
    label[0, 0] = value
    Image.fromarray(label).save(path)


def lose_row(results):
    changed(results / "dg_miou.csv", r"\nmini,[^\n]*", "")


def repeat_row(results):
    changed(results / "dg_miou.csv", r"(\nmini,[^\n]*)", r"\1\1")


def add_row(results):
    changed(results / "dg_miou.csv", r"(\nmini),tiny(,[^\n]*)", r"\1,tiny\2\1,large\2")


def change_score(results):
    row = (results / "dg_miou.csv").read_text().splitlines()[1].split(",")
    changed(results / "dg_miou.csv", f",{row[11]},", f",{float(row[11]) + 0.01:.4f},")


def change_label(results):
    add_value(results / "mini/data/gta/labels/2_labelTrainIds.png", 19)


def change_generated_label(results):
    add_value(results / "mini/generated/dginstyle/labels/0_labelTrainIds.png", 254)


def cut_label(results):
    path = results / "mini/data/gta/labels/0_labelTrainIds.png"
    path.write_bytes(path.read_bytes()[:-20])


def lose_image(results):
    (results / "mini/generated/dginstyle/4.png").unlink()


def lose_generated_row(results):
    changed(results / "mini/generated/dginstyle/manifest.csv", r"4\.png[^\n]*\n", "")


def renumber(results):
    changed(results / "mini/generated/dginstyle/metadata.jsonl", '"index": 3', '"index": 4')


def resize_image(results):
    Image.new("RGB", (12, 9)).save(results / "mini/generated/dginstyle/1.png")


def swap_classes(results):
    path = results / "mini/data/cityscapes/labels/0_labelTrainIds.png"
    label = np.array(Image.open(path))
    Image.fromarray(np.where(label == 7, 1, label).astype(np.uint8)).save(path)


def change_statistics(results):
    changed(results / "mini/data/gta/sample_class_stats_dict.json", r'"7": (\d+)', '"7": 1')


def change_report(results):
    changed(results / "mini/data/gta/report.json", r'"0": \d+', '"0": 1')


def change_confusion(results):
    path = results / TRAINED / "cityscapes.npz"
    arrays = dict(np.load(path))
    arrays["confusion"][1, 0, 0] += 1
    np.savez_compressed(path, **arrays)


def more_source(results):
    write_training_set(results / "mini/training_sets/source_only.csv", {"source": 4})


def train_on_less(results):
    changed(results / TRAINED / "training.json", '"dginstyle": 3', '"dginstyle": 2')


def see_less(results):
    changed(results / TRAINED / "training.json", '"dginstyle": 6', '"dginstyle": 5')


def see_others(results):
    changed(results / TRAINED / "training.json", '"source": 6, "dginstyle": 6', '"source": 7, "dginstyle": 5')


def same_weights(results):
    weights = (results / TRAINED).parent / "seed0/weights.safetensors"
    (results / TRAINED / "weights.safetensors").write_bytes(weights.read_bytes())


def lose_weights(results):
    (results / "mini/segmentation/tiny/oracle/seed0/weights.safetensors").unlink()


def lose_loss(results):
    changed(results / TRAINED / "training.json", '"loss": 0.5', '"loss": NaN')


def log_no_number(results):
    changed(results / TRAINED / "logs/train.log", "0.9000", "nan")


BROKEN = {
    "rows complete": [lose_row, repeat_row, add_row],
    "scores repeat": [change_score],
    "labels in range": [change_label, change_generated_label, cut_label],
    "generated = requested": [lose_image, lose_generated_row, renumber, resize_image],
    "histograms add up": [swap_classes, change_statistics, change_report, change_confusion],
    "origins of training images": [more_source, train_on_less, see_less, see_others],
    "hashes of weights": [same_weights, lose_weights],
    "finite losses": [lose_loss, log_no_number],
}


def test_all_hold_of_a_run_whose_files_agree(results):
    check(results)
    found = json.loads((results / "mini/invariants.json").read_text())
    assert {one["name"]: one["problems"] for one in found["invariants"]} == {name: [] for name in BROKEN}
    numbers = {one["name"]: one["number"] for one in found["invariants"]}
    assert numbers["rows complete"] == 4 and numbers["generated = requested"] == 5
    assert numbers["labels in range"] == 4 + 3 + 5 and numbers["histograms add up"] == 12 * 8 * 12
    assert numbers["origins of training images"] == 5 * 12 and numbers["finite losses"] == 5 + 5
    assert len(found["weights"]) == numbers["hashes of weights"] == 5


@pytest.mark.parametrize(("name", "damage"), [(name, damage) for name, damages in BROKEN.items() for damage in damages])
def test_what_is_broken_is_found(results, name, damage):
    damage(results)
    with pytest.raises(SystemExit, match="do not hold, so do not use its results") as stop:
        check(results)
    assert "\n" not in str(stop.value)
    assert not (results / "mini/invariants.json").exists()
    found = json.loads((results / "mini/invariants.failed.json").read_text())["invariants"]
    assert [problem for one in found if one["name"] == name for problem in one["problems"]]
    assert all("Error" not in problem for one in found for problem in one["problems"])


def test_imported_weights_are_those_that_the_configuration_pins(results):
    models = {"tiny": {}, "published": {"kind": "imported", "checkpoints": [{"training_set": "all", "sha256": "ab"}]}}
    options = RunOptions(
        configuration={**CONFIGURATION, "models": models}, trainings=[*TRAININGS, ("published", "all", 0)]
    )
    folder = results / "mini/segmentation/published/all/seed0"
    folder.mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(b"weights")
    (folder / "training.json").write_text('{"sha256": "cd"}')
    with pytest.raises(SystemExit):
        check(results, options)
    found = json.loads((results / "mini/invariants.failed.json").read_text())["invariants"]
    [hashes] = [one for one in found if one["name"] == "hashes of weights"]
    assert hashes["problems"] == [f"{folder / 'training.json'} is that of another file than the configuration pins"]


def test_a_filtered_set_has_what_its_filter_keeps(results):
    sets = CONFIGURATION["training_sets"]
    filtered = {**sets, "dginstyle": {**sets["dginstyle"], "filter": {"keep": 0.5}}}
    options = RunOptions(configuration={**CONFIGURATION, "training_sets": filtered}, trainings=TRAININGS)
    manifest = results / "mini/filtered/dginstyle/manifest.csv"
    manifest.parent.mkdir(parents=True)
    row = "../../generated/dginstyle/0.png,../../generated/dginstyle/labels/0_labelTrainIds.png\n"
    manifest.write_text("image,label\n" + row * 6)  # of which half is used
    check(results, options)
    manifest.write_text("image,label\n" + row * 4)
    with pytest.raises(SystemExit, match="origins of training images: .*configuration has 4 of source, 2 of dginstyle"):
        check(results, options)


@pytest.mark.parametrize(
    ("size", "value", "problem"),
    [(SIZE, 18, None), (SIZE, 19, r"has the values \[19\]"), ((8, 8), 18, "has another size than its image")],
)
def test_label_maps_that_a_filter_changed_are_checked(results, size, value, problem):
    sets = CONFIGURATION["training_sets"]
    filtered = {**sets, "dginstyle": {**sets["dginstyle"], "filter": {"erode": 1}}}
    options = RunOptions(configuration={**CONFIGURATION, "training_sets": filtered}, trainings=TRAININGS)
    label = results / "mini/filtered/dginstyle/shards/0/labels/0_labelTrainIds.png"
    label.parent.mkdir(parents=True)
    Image.fromarray(np.full(size, value, np.uint8)).save(label)
    rows = "../../generated/dginstyle/0.png,shards/0/labels/0_labelTrainIds.png\n" * 6
    (results / "mini/filtered/dginstyle/manifest.csv").write_text("image,label\n" + rows)
    if problem is None:
        return check(results, options)
    with pytest.raises(SystemExit, match=f"labels in range: .*shards/0/labels/0_labelTrainIds.png {problem}"):
        check(results, options)


@pytest.fixture
def ablations(results):
    """The same run with its table of ablations."""
    evaluations = sorted(results.glob("mini/segmentation/*/*/*/cityscapes.npz"))
    compare_ablations(evaluations=evaluations, output=results / "ablations.csv", options=SummariseOptions(samples=5))
    return results


def check_ablations(results):
    output = results / "mini/ablation_invariants.json"
    check_run(results=results, benchmark="mini", run=OPTIONS, output=output, table="ablations.csv")


def test_table_of_ablations_is_checked_as_well(ablations):
    check(ablations)
    check_ablations(ablations)
    rows = {block.caption: block.rows for block in integrity(Run(ablations, "mini", OPTIONS)).blocks}
    assert ("rows complete", "holds", "2", "rows of ablations.csv") in rows["What must hold of the ablations"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (r"\nmini,[^\n]*", "", "rows complete: ablations.csv lacks the row of tiny on source_only"),
        ("tiny,dginstyle", "tiny,other", "rows complete: ablations.csv lacks the row of tiny on dginstyle"),
        (r",\d+(\.\d+)?(,*\n)", r",99\2", "scores repeat: ablations.csv has another mIoU_cityscapes of tiny on"),
    ],
)
def test_what_is_wrong_in_the_table_of_ablations_is_found(ablations, old, new, problem):
    changed(ablations / "ablations.csv", old, new)
    with pytest.raises(SystemExit, match=problem):
        check_ablations(ablations)


def test_a_mended_run_holds_again(results):
    path = results / "mini/data/gta/labels/0_labelTrainIds.png"
    content = path.read_bytes()
    cut_label(results)
    with pytest.raises(SystemExit):
        check(results)
    path.write_bytes(content)
    check(results)
    assert not (results / "mini/invariants.failed.json").exists()


def test_report_shows_what_holds_and_warns_of_what_does_not(results):
    run = Run(results, "mini", OPTIONS)
    assert integrity(run).is_missing
    check(results)
    assert [block.kind for block in integrity(run).blocks] == ["table"]
    assert ("rows complete", "holds", "4", "rows of dg_miou.csv") in integrity(run).blocks[0].rows
    lose_image(results)
    with pytest.raises(SystemExit):
        check(results)
    warning, table, problems = integrity(run).blocks
    assert warning.tone == "caveat"
    assert warning.text.startswith("Do not use the results in dg_miou.csv: generated = requested")
    assert "DOES NOT HOLD" in {row[1] for row in table.rows} and len(problems.rows) == 1
    assert overview(run).blocks[0] == warning


def test_checks_of_another_table_are_not_shown(results):
    check(results)
    change_score(results)
    assert integrity(Run(results, "mini", OPTIONS)).is_missing
