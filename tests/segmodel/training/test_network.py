import pytest
import torch
from torch.nn import functional as F

from segmodel.models import read_config
from segmodel.training.data import Geometry, TrainingStream
from segmodel.training.network import build_network


@pytest.mark.parametrize("avg_non_ignore", [False, True])
def test_cross_entropy_is_the_mean_over_all_or_over_labelled_pixels(options, avg_non_ignore):
    network = build_network(read_config(options.config), options.replace(avg_non_ignore=avg_non_ignore), seed=0)
    logits, labels = torch.randn(1, 19, 4, 4), torch.zeros(1, 4, 4, dtype=torch.long)
    labels[0, 0] = 255  # 4 of 16 pixels
    total = F.cross_entropy(logits, labels, ignore_index=255, reduction="sum")
    loss = network.decode_head.loss_decode(logits, labels, ignore_index=255)
    torch.testing.assert_close(loss, total / (12 if avg_non_ignore else 16))


def test_weighted_cross_entropy_is_a_mean_over_labelled_pixels_in_any_case(options):
    config = read_config(options.config)
    config.model.decode_head.loss_decode.class_weight = [1.0, 2.0, *[1.0] * 17]
    network = build_network(config, options.replace(avg_non_ignore=True), seed=0)
    logits, labels = torch.randn(1, 19, 1, 3), torch.tensor([[[0, 1, 255]]])
    weights = torch.tensor(config.model.decode_head.loss_decode.class_weight)
    loss = network.decode_head.loss_decode(logits, labels, ignore_index=255)
    torch.testing.assert_close(loss, F.cross_entropy(logits, labels, weights, ignore_index=255))


def test_image_smaller_than_the_crop_is_padded_after_the_normalisation(mixed_set, options):
    stream = TrainingStream(mixed_set, Geometry((16, 16), (8, 32), cat_max_ratio=1.0), seed=0)
    position = next(p for p in range(10) if stream.row_at(p)["origin"] == "source")
    sample = stream[position]
    assert sample["inputs"].shape == (3, 8, 16)
    network = build_network(read_config(options.config), options, seed=0)
    batch = network.data_preprocessor(
        {"inputs": [sample["inputs"]], "data_samples": [sample["data_samples"]]}, training=True
    )
    (image,), (label,) = batch["inputs"], [one.gt_sem_seg.data[0] for one in batch["data_samples"]]
    assert image.shape == (3, 16, 16) and image[:, 8:].abs().max() == 0.0 and image[:, :8].abs().min() > 0.0
    assert label.shape == (16, 16) and (label[8:] == 255).all()
