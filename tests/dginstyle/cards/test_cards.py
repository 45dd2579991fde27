"""Model and data cards of the generator, and the exported set that the hub's viewer reads."""

import json

import numpy as np
import pytest
from huggingface_hub import DatasetCard, ModelCard
from PIL import Image

from dginstyle.cards.export import export_set
from dginstyle.cards.generated import write_set_card
from dginstyle.cards.networks import write_network_card
from dginstyle.cards.options import CardOptions
from dginstyle.checksums import sha256_of

MINI = CardOptions(
    benchmark="mini", place="results/mini/here", prior="resources/mini_prior", prior_is_own=True, source="gta",
    source_adapter="gta", source_is_rendered=True, generators=["dginstyle"], training_sets=["dginstyle"],
    settings={"steps": 4},
)  # fmt: skip
PAPER = MINI.replace(
    benchmark="paper", prior="stable-diffusion-v1-5/stable-diffusion-v1-5", prior_is_own=False, source_is_rendered=False
)
QUALITY = "set,images,label_fidelity,distance,diversity,rare_share\ndginstyle,4,22.2248,651.72,1.7386,1.8172\n"
SUMMARY = """model,training_set,target,seeds,mIoU_mean,mIoU_std,gain,gain_low,gain_high
tiny,source_only,mean,3,9.3975,0.8385,,,
tiny,dginstyle,mean,3,20.5001,0.5,11.1026,10.2,12.04
"""


@pytest.fixture
def tables(tmp_path):
    """The tables of a run, as arguments of the cards."""
    (tmp_path / "quality.csv").write_text(QUALITY)
    (tmp_path / "summary.csv").write_text(SUMMARY)
    return {"quality": tmp_path / "quality.csv", "summary": tmp_path / "summary.csv"}


@pytest.fixture
def network_card(tmp_path, tables):
    """Write the card of a network and return it."""
    weights = tmp_path / "controlnet"
    weights.mkdir()
    (weights / "config.json").write_text("{}")
    (tmp_path / "runs.jsonl").write_text(json.dumps({"commit": "ab12"}) + "\n")

    def call(network="controlnet", facts=MINI):
        output = tmp_path / "card.md"
        words = {"network": network, "weights": weights, "starts": tmp_path / "runs.jsonl"}
        write_network_card(output=output, facts=facts, **words, **tables)
        return ModelCard(output.read_text())

    return call


@pytest.fixture
def set_card(tmp_path, tables, generated):
    """Write the card of a generated set and return its file."""

    def call(facts=MINI):
        write_set_card(generated=generated, output=tmp_path / "set.md", facts=facts, **tables)
        return tmp_path / "set.md"

    return call


@pytest.fixture
def exported(tmp_path, set_card, generated):
    """The exported set."""
    export_set(generated=generated, card=set_card(), output=tmp_path / "exported/dginstyle", facts=MINI)
    return tmp_path / "exported/dginstyle"


def test_network_card_has_use_numbers_settings_and_commit(network_card):
    card = network_card()
    assert card.data.library_name == "diffusers" and card.data.base_model is None
    assert 'dginstyle.load("resources/mini_prior", "results/mini/here")' in card.text
    assert "Intended: research" in card.text and "Not intended" in card.text
    assert "| dginstyle | 4 | 22.2 | 651.7 | 1.7 | 1.8 |" in card.text
    assert "| tiny | dginstyle | mean | 3 | 20.5 ± 0.5 | +11.1 (+10.2 to +12.0) |" in card.text
    assert "source_only" not in card.text
    assert "Code of commit ab12" in card.text and '"steps": 4' in card.text


def test_network_card_of_the_mini_benchmark_has_our_own_licence(network_card):
    assert network_card("unet_source").data.license == "apache-2.0"


def test_network_card_of_the_paper_passes_on_the_licences_of_prior_and_source(network_card):
    card = network_card(facts=PAPER)
    assert card.data.license == "creativeml-openrail-m"
    assert card.data.base_model == "stable-diffusion-v1-5/stable-diffusion-v1-5"
    assert "research and education only" in card.text and "use restrictions" in card.text


def test_card_repeats_the_note_of_the_configuration(network_card):
    assert "mean nothing" in network_card(facts=MINI.replace(note="These numbers mean nothing.")).text
    assert "Caution" not in network_card().text


def test_card_of_a_folder_without_weights_is_refused(tmp_path, tables):
    with pytest.raises(SystemExit, match="has no config.json: train the network"):
        write_network_card(network="unet_source", weights=tmp_path, output=tmp_path / "a.md", facts=MINI, **tables)


def test_set_card_has_content_quality_and_licence(set_card):
    card = DatasetCard(set_card().read_text())
    assert card.data.license == "apache-2.0" and card.data.size_categories == "n<1K"
    assert "| night | 2 |" in card.text and "| rider | 4 |" in card.text
    assert "| dginstyle | 4 | 22.2 |" in card.text
    card = DatasetCard(set_card(PAPER).read_text())
    assert (card.data.license, card.data.license_name) == ("other", "research-only")


def test_exported_set_names_its_files_as_image_folders_do(exported, generated):
    lines = [json.loads(line) for line in (exported / "metadata.jsonl").read_text().splitlines()]
    assert [line["file_name"] for line in lines] == [f"images/00000{index}.png" for index in range(4)]
    for index, line in enumerate(lines):
        original = generated / f"shards/0/{index}.png"
        assert (exported / line["file_name"]).read_bytes() == original.read_bytes()
        assert np.asarray(Image.open(exported / line["label_file_name"])).max() == index
        assert line["source_image"] == f"{index}.png" and ".." not in json.dumps(line)
    assert DatasetCard((exported / "README.md").read_text()).data.pretty_name == "DGInStyle dginstyle, benchmark mini"


def test_croissant_names_files_and_columns_that_exist(exported):
    described = json.loads((exported / "croissant.json").read_text())
    metadata, *sets = described["distribution"]
    assert described["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert metadata["sha256"] == sha256_of(exported / metadata["contentUrl"])
    assert [len(list(exported.glob(files["includes"]))) for files in sets] == [4, 4]
    line = json.loads((exported / "metadata.jsonl").read_text().splitlines()[0])
    fields = {field["@id"]: field for records in described["recordSet"] for field in records["field"]}
    assert {"examples/prompt", "examples/weather", "images_by_file/content", "labels_by_file/content"} <= fields.keys()
    for field in fields.values():
        origin = field["source"]
        if "fileObject" in origin:
            assert origin["fileObject"]["@id"] == metadata["@id"] and origin["extract"]["column"] in line
        else:
            assert origin["fileSet"]["@id"] in {files["@id"] for files in sets}
        assert field.get("references", {"field": {"@id": field["@id"]}})["field"]["@id"] in fields
    assert all(records["key"]["@id"] in fields for records in described["recordSet"])


def test_set_with_a_missing_file_is_not_exported(set_card, generated, tmp_path):
    card = set_card()
    (generated / "shards/0/2.png").unlink()
    with pytest.raises(SystemExit, match="2.png is missing, but listed"):
        export_set(generated=generated, card=card, output=tmp_path / "exported", facts=MINI)
    assert not (tmp_path / "exported").exists()
