"""Tables, lists, statistics and prompts."""

import io
import json
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from dginstyle.csv_files import read_table
from dginstyle.datasets.fetch import fetch
from dginstyle.datasets.options import TrainingSetOptions
from dginstyle.datasets.overview import tabulate_sets
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.datasets.training_set import build_training_set
from dginstyle.datasets.verify import file_digest
from dginstyle.generation.gather import gather
from dginstyle.generation.generate import batches, shard_rows
from dginstyle.generation.imported import import_generated
from dginstyle.generation.kinds import generator_options
from dginstyle.generation.list import draw_list
from dginstyle.generation.prompts import PromptOptions
from dginstyle.generation.samples import read_metadata, read_sample
from dginstyle.rare_class_sampling import rcs_probabilities
from segmodel.manifest import read_samples
from segmodel.tables.evaluations import read_evaluation
from tests.fuzz.parser import Parser
from tests.fuzz.strategies import SCALARS, altered, damaged, json_files, tables

ROW = ("image.png", "label.png", 4, 3)
COLUMNS = ("image", "label", "width", "height")
LIST = ("index", "image", "label", "class")
RECOLOUR = {"kind": "recolour", "images": 4, "images_per_shard": 4, "rare_class_sampling": True, "crop": [8, 8]}
RECOLOUR |= {"min_class_share": 0.01, "class_colours": 1.0, "colour_jitter": 0.3}
METADATA = {"index": 0, "file_name": "image.png", "label": "label.png", "source_image": "image.png", "class": 1}
METADATA |= {"source_label": "label.png", "crop": [0, 0, 3, 4], "prompt": "road", "weather": ""}
REPORT = {"adapter": "gta", "split": "train", "pairs": 1, "expected": None, "sizes": {"4x3": 1}, "skipped": []}
REPORT |= {"class_pixels": {str(index): 1 for index in range(19)}, "ignored_pixels": 2}
PROMPTS = {"weather_probability": 0.5, "weathers": ["fog"], "plain_prompt": "{classes}"}
PROMPTS |= {"weather_prompt": "{classes}, {weather}", "weather_draw": "independent"}
TEMPLATES = st.sampled_from(
    [
        "{classes}",
        "{weather}",
        "{classes!x}",
        "{classes:d}",
        "{classes:>{width}}",
        "{",
        "}",
        "{0}",
        "{classes.a}",
        "{{}}",
    ]
)
RECORD = {"model": "m", "training_set": "t", "seed": 0, "target": "c", "benchmark": "mini", "generator": None}
RECORD |= {"samples_seen": {}, "images": 1, "evaluation_size": "", "inference": "whole", "label_size": "native"}


def prepared(folder: Path, size: int = 4) -> None:
    """Write an image and a label map of road and ignore."""
    label = np.zeros((3 * size // 4, size), np.uint8)
    label[0] = 255
    Image.fromarray(label).save(folder / "label.png")
    Image.new("RGB", (size, 3 * size // 4)).save(folder / "image.png")


def write_source(folder: Path) -> None:
    """Write a source set of one pair."""
    prepared(folder)
    (folder / "manifest.csv").write_text("image,label,width,height\nimage.png,label.png,4,3\n")
    (folder / "rcs_probabilities.json").write_text('{"0": 1.0}')
    (folder / "samples_with_class.json").write_text(json.dumps(SAMPLES_WITH_CLASS))


def manifest(folder: Path, content: bytes) -> None:
    prepared(folder)
    (folder / "manifest.csv").write_bytes(content)
    for sample in read_samples(folder / "manifest.csv"):
        assert sample.image.is_file() and sample.label.is_file() and isinstance(sample.origin, str)


def source_set(folder: Path, contents: tuple[bytes, bytes, bytes]) -> None:
    prepared(folder)
    for name, content in zip(
        ("manifest.csv", "rcs_probabilities.json", "samples_with_class.json"), contents, strict=True
    ):
        (folder / name).write_bytes(content)
    SourceSet(folder).require_room((3, 4), "crop")
    sampling = {"images": 2, "min_pixels": 0, "seed": 0}
    for by_class in (True, False):
        draw_list(data=folder, output=folder / "list.csv", rare_class_sampling=by_class, **sampling)
        assert len(read_table(folder / "list.csv", LIST)) == 2
    options = TrainingSetOptions(source={"images": 1, "sampling": "rare_class_rejection"})
    build_training_set(source=folder, output=folder / "set.csv", options=options, min_pixels=0, seed=0)


def generation_list(folder: Path, content: bytes) -> None:
    prepared(folder, 12)
    (folder / "list.csv").write_bytes(content)
    rows = shard_rows(folder / "list.csv", 0, 1)
    for batch in batches(rows, SourceSet(folder), generator_options(RECOLOUR), 2, seed=0):
        assert all(item.label.shape == (8, 8) and 0 <= item.train_id < 19 for item in batch)


def statistics(folder: Path, content: bytes) -> None:
    (folder / "stats.json").write_bytes(content)
    rcs_probabilities(statistics=folder / "stats.json", output=folder / "p.json", temperature=0.01)
    assert abs(sum(json.loads((folder / "p.json").read_text()).values()) - 1) < 1e-6


def metadata(folder: Path, content: bytes) -> None:
    prepared(folder)
    (folder / "metadata.jsonl").write_bytes(content)
    (folder / "set").mkdir()
    gather(shards=[folder], output=folder / "set")
    for item in read_metadata(folder / "set/metadata.jsonl"):
        read_sample(folder / "set", item)


def imported(folder: Path, content: bytes) -> None:
    (folder / "manifest.csv").write_bytes(content)
    import_generated(data=folder, output=folder / "set", seed=0)
    assert (folder / "set/manifest.csv").is_file()


def reports(folder: Path, content: bytes) -> None:
    (folder / "report.json").write_bytes(content)
    tabulate_sets(reports={"gta": folder / "report.json"}, table=folder / "t.csv", page=folder / "t.html")


def prompts(folder: Path, case: tuple[dict, bytes]) -> None:
    options, content = case
    (folder / "prompts.csv").write_bytes(content)
    try:
        drawn = PromptOptions(**{**PROMPTS, **options})
    except ValueError as error:  # pydantic's, which the configuration and the command line put into a sentence
        raise SystemExit(str(error).splitlines()[0]) from None
    draw = drawn.prompts_of(4, 0, folder / "prompts.csv")
    for index in range(4):
        prompt, weather = draw("road", index, np.random.default_rng(index))
        assert isinstance(prompt, str) and weather in ("", *drawn.weathers)
    draw = drawn.prompts_of(4, 0)
    assert len(draw("road", 0, np.random.default_rng(0))[0]) < 1000


def checksums(folder: Path, case: tuple[bytes, bytes]) -> None:
    (folder / "package.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    for name, content in zip(("SHA256SUMS", "lock"), case, strict=True):
        digest = file_digest(folder / "package.zip").encode()
        (folder / name).write_bytes(content.replace(b"DIGEST", digest))
    package = {"url": str(folder / "package.zip"), "output": folder / "set/package.zip"}
    fetch(**package, lock=folder / "lock")
    fetch(**package, checksums=str(folder / "SHA256SUMS"))


def evaluation(folder: Path, content: bytes) -> None:
    (folder / "evaluation.npz").write_bytes(content)
    found = read_evaluation(folder / "evaluation.npz")
    assert found["confusion"].shape == (len(found["names"]), 19, 19)


@st.composite
def evaluations(draw: st.DrawFn) -> bytes:
    record = json.dumps(draw(altered(st.just(RECORD))), default=str)
    arrays = {
        "confusion": draw(
            st.sampled_from([np.ones((1, 19, 19), int), np.zeros((1, 19, 19)), np.ones(2), np.array("x")])
        ),
        "names": draw(st.sampled_from([np.array(["a"]), np.array(1), np.array("a"), np.ones((1, 2)), np.array([])])),
        "record": draw(st.sampled_from([np.array(record), np.array("text"), np.array([1])])),
    }
    for name in draw(st.sampled_from([(), (), ("names",), ("record",)])):
        del arrays[name]
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return draw(damaged(st.just(buffer.getvalue()), most=draw(st.sampled_from([0, 2]))))


SAMPLES_WITH_CLASS = {"0": [["label.png", 8]]}
STATISTICS = [{"0": 8, "file": "label.png"}, {"1": 4, "file": "b.png"}]
SUMS = st.sampled_from([b"DIGEST  package.zip\n", b"DIGEST  set/package.zip", b"0  package.zip\n", b"", b"\xff\n"])
PARSERS = {
    "manifests": Parser(
        "manifests and training sets",
        tables(
            (*COLUMNS[:2], "origin", "drawn_class"),
            [("image.png", "label.png", "source", 3), ("image.png", "", "", "")],
        ),
        manifest,
        short=100,
    ),
    "source sets": Parser(
        "manifest and class statistics of a source",
        st.tuples(tables(COLUMNS, [ROW]), json_files(st.just({"0": 1.0})), json_files(st.just(SAMPLES_WITH_CLASS))),
        source_set,
    ),
    "generation lists": Parser(
        "lists of what to generate", tables(LIST, [(0, "image.png", "label.png", 0)]), generation_list, short=100
    ),
    "class statistics": Parser(
        "class statistics", json_files(st.sampled_from([STATISTICS, {"label.png": {"0": 8}}])), statistics
    ),
    "metadata": Parser("metadata of generated sets", json_files(st.just(METADATA)), metadata),
    "imported sets": Parser("manifests of generated sets of others", tables(COLUMNS, [ROW]), imported),
    "integrity reports": Parser("integrity reports of sets", json_files(st.just(REPORT)), reports, short=30),
    "prompts": Parser(
        "files and options of prompts",
        st.tuples(
            st.dictionaries(st.sampled_from([*PROMPTS, "weather_weights"]), SCALARS | TEMPLATES, max_size=1),
            tables(
                ("prompt", "weather"), [("{classes} at noon", ""), ("{classes} in fog", "fog"), ("{classes:d}", "fog")]
            ),
        ),
        prompts,
    ),
    "checksums": Parser("lists of checksums", st.tuples(SUMS | damaged(SUMS), SUMS | damaged(SUMS)), checksums),
    "evaluations": Parser("evaluation files", evaluations(), evaluation),
}
