"""Training samples of U^S and the ControlNet."""

import numpy as np
import pytest
import torch

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.labels import CLASS_NAMES
from dginstyle.training.controlnet import LabelledCrops
from dginstyle.training.dreambooth import SourceImages, resize
from tests.dginstyle.tiny_prior import tiny_label, write_tiny_set
from tests.dginstyle.trainings import CONTROLNET, DREAMBOOTH


def test_each_epoch_has_every_source_image_once(source):
    images = SourceImages(SourceSet(source), DREAMBOOTH, seed=0)
    epochs = [[images._file(position) for position in range(first, first + 6)] for first in (0, 6)]
    assert all(sorted(epoch) == sorted(SourceSet(source).images) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_class_colours_change_only_the_images_of_both_trainings(source):
    def samples(strength):
        of = {"class_colours": strength}
        return (
            SourceImages(SourceSet(source), DREAMBOOTH.replace(**of), seed=0)[1],
            LabelledCrops(SourceSet(source), CONTROLNET.replace(**of), min_pixels=4, seed=0)[1],
        )

    for plain, coloured, again in zip(samples(0.0), samples(1.0), samples(1.0), strict=True):
        assert not torch.equal(plain["image"], coloured["image"])
        assert torch.equal(again["image"], coloured["image"])
        assert plain["seed"] == coloured["seed"]
        assert torch.equal(plain.get("channels", torch.zeros(1)), coloured.get("channels", torch.zeros(1)))


def test_crops_are_drawn_for_their_class_with_caption_and_channels(source):
    crops = LabelledCrops(SourceSet(source), CONTROLNET, min_pixels=4, seed=0)
    sample = crops[3]
    assert (sample["image"].shape, sample["image"].dtype) == ((32, 32, 3), torch.uint8)
    assert (sample["channels"].shape, sample["channels"].dtype) == ((32, 32), torch.uint8)
    present = np.unique(sample["channels"]).tolist()
    assert sample["caption"] == " ".join(CLASS_NAMES[channel] for channel in present if channel < 19)
    assert all(torch.equal(crops[3][key], sample[key]) for key in ("image", "channels"))


def test_without_rare_class_sampling_no_statistics_are_needed(source, tmp_path):
    folder = write_tiny_set(tmp_path)
    for name in ("samples_with_class.json", "rcs_probabilities.json"):
        (folder / name).unlink()
    crops = LabelledCrops(SourceSet(folder), CONTROLNET.replace(rare_class_sampling=False), min_pixels=4, seed=0)
    assert {crops[position]["caption"] for position in range(12)} >= {"road sky car", "road sky rider car"}


@pytest.mark.parametrize(("factor", "size"), [(1.5, (60, 72)), (0.5, (32, 38)), (1, (40, 48))])
def test_images_are_never_resized_below_the_crop(factor, size):
    assert resize(np.zeros((40, 48, 3), dtype=np.uint8), factor, (32, 32)).shape == (*size, 3)


def test_label_maps_of_only_ignore_are_rejected(tmp_path):
    source = write_tiny_set(tmp_path, label=lambda number: np.full_like(tiny_label(number), 255))
    with pytest.raises(SystemExit, match="no label map has more than min_pixels"):
        LabelledCrops(SourceSet(source), CONTROLNET, min_pixels=4, seed=0)


def test_ids_above_18_are_rejected(tmp_path):
    source = write_tiny_set(tmp_path, label=lambda number: np.where(tiny_label(number) == 255, 19, tiny_label(number)))
    crops = LabelledCrops(SourceSet(source), CONTROLNET, min_pixels=4, seed=0)
    with pytest.raises(SystemExit, match=r"\[19\] are not trainIds"):
        crops[0]
