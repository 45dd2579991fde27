"""The model card of a segmentation model."""

import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from segmodel.models import read_config
from segmodel.report.card import ENCODERS, SegmenterFacts, write_card
from segmodel.tables.options import SummariseOptions
from segmodel.tables.summarise import summarise

MINI = SegmenterFacts(
    benchmark="mini", place="results/mini/segmentation/tiny", source="gta", source_adapter="gta",
    source_is_rendered=True, generated_is_own=True, predict={"size": [64, 128]}, settings={"iterations": 6},
)  # fmt: skip
MIT = "https://example.org/mit_b5_20220624-658746d9.pth"


@pytest.fixture
def card(tmp_path, evaluations):
    """Write the card of a model and return it: ``card(facts=MINI, encoder_weights=None, seen=...)``."""
    summarise(evaluations=evaluations, output=tmp_path / "tables", options=SummariseOptions(samples=20))

    def call(facts=MINI, encoder_weights=None, **seen):
        record = {
            "training_set": "dginstyle", "seed": 0, "commits": ["ab12"], "samples_seen": {"source": 8, **seen},
            "settings": {"network": {"encoder_weights": encoder_weights}},
        }  # fmt: skip
        (tmp_path / "training.json").write_text(json.dumps(record))
        words = {"records": [tmp_path / "training.json"], "summary": tmp_path / "tables/dg_miou_summary.csv"}
        write_card(model="tiny", output=tmp_path / "card.md", facts=facts, **words)
        return ModelCard((tmp_path / "card.md").read_text())

    return call


def test_card_has_scores_use_options_and_commit(card):
    text = card().text
    assert "--weights results/mini/segmentation/tiny/dginstyle/seed0/weights.safetensors" in text
    assert "| dginstyle | mean | 20 | 2 | " in text and "Not intended" in text
    assert "Code of commit ab12" in text and '"iterations": 6' in text


def test_scores_are_in_the_metadata_of_the_hub(card):
    found = card().data.eval_results
    assert len(found) == 6 and {result.metric_type for result in found} == {"mean_iou"}
    mean = {result.dataset_config: result.metric_value for result in found if result.dataset_type == "mini_mean"}
    assert mean["trained on dginstyle"] > mean["trained on source_only"]


def test_a_model_of_this_repository_alone_has_its_licence(card):
    assert card(dginstyle=3).data.license == "apache-2.0"


def test_licences_of_source_encoder_and_generated_images_are_passed_on(card):
    found = card(MINI.replace(source_is_rendered=False, generated_is_own=False), MIT, dginstyle=3)
    assert found.data.license == "other"
    assert "research and education only" in found.text and "no commercial use" in found.text
    assert "NVIDIA Source Code License" in found.text and "generated images: dginstyle" in found.text


def test_every_encoder_of_the_configurations_has_a_licence():
    configs = Path(__file__).parents[3] / "segmodel/configs"
    weights = {str(read_config(path).get("encoder_weights") or "") for path in sorted(configs.glob("*.py"))} - {""}
    assert len(weights) >= 3
    assert [address for address in weights if not any(part in address for part in ENCODERS)] == []


def test_a_model_without_results_has_no_card(card, tmp_path):
    card()
    words = {"records": [tmp_path / "training.json"], "summary": tmp_path / "tables/dg_miou_summary.csv"}
    with pytest.raises(SystemExit, match="no row of hrda; evaluate it"):
        write_card(model="hrda", output=tmp_path / "b.md", facts=MINI, **words)
