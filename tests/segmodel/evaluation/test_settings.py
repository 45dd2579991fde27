"""What decided an evaluation: everything that affects its result, and nothing else."""

import pytest

from segmodel.evaluation.options import InferenceOptions
from segmodel.evaluation.settings import evaluation_settings
from segmodel.identity import digest

OPTIONS = InferenceOptions(size=(512, 1024), crop=(512, 512), stride=(256, 256))
TRAINING = {
    "settings": {"training": {"iterations": 40000}, "shade": None, "redraw": {"online": True}},
    "images": {"source": 6000, "dginstyle": 4000},
}
DATA = {"generated": {"kind": "diffusion", "controlnet": {"steps": 10}}, "source": {"subset": None}}


def settings(data=DATA, training=TRAINING, label_size="native", images=500, **changed):
    return evaluation_settings(data, training, OPTIONS.replace(**changed), label_size, images)


def test_settings_of_data_training_and_evaluation_are_by_dotted_name():
    assert settings() == {
        "generated.kind": "diffusion",
        "generated.controlnet.steps": 10,
        "source.subset": None,
        "training.iterations": 40000,
        "shade": None,
        "redraw.online": True,
        "images.source": 6000,
        "images.generated": 4000,
        "evaluation.size": [512, 1024],
        "evaluation.mode": "slide",
        "evaluation.crop": [512, 512],
        "evaluation.stride": [256, 256],
        "evaluation.keep_ratio": False,
        "evaluation.label_size": "native",
        "evaluation.images": 500,
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"data": {**DATA, "generated": None}},
        {"training": {**TRAINING, "settings": {**TRAINING["settings"], "shade": {"styles": 64}}}},
        {"training": {**TRAINING, "images": {"source": 20}}},
        {"label_size": "512x1024"},
        {"images": 10},
        {"stride": (512, 512)},
        {"mode": "whole"},
    ],
)
def test_digest_changes_with_each_setting(changed):
    assert digest(settings(**changed)) != digest(settings())


def test_batch_size_does_not_count():
    assert settings(batch_size=3) == settings()


def test_windows_do_not_count_for_whole_images():
    assert settings(mode="whole", stride=(128, 128)) == settings(mode="whole")


def test_imported_checkpoint_counts_by_its_hash():
    found = evaluation_settings({}, {"sha256": "ab12", "samples_seen": {}}, OPTIONS, "native", 500)
    assert found["imported"] == "ab12"
    assert "images.source" not in found
