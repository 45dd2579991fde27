"""Pictures that a segmentation training shows while it runs."""

import json

import numpy as np
from PIL import Image

from segmodel.labels import PALETTE


def test_pictures_of_a_training_show_image_labels_and_prediction_and_change_nothing(trained):
    seldom, often = trained("seldom", checkpoint_every=1000), trained("often", checkpoint_every=2)
    for name in ("weights.safetensors", "training.json"):
        assert (seldom / name).read_bytes() == (often / name).read_bytes()
    pictures = sorted((often / "logs/validation").iterdir())
    iterations = json.loads((often / "training.json").read_text())["iterations"]
    assert [int(path.stem) for path in pictures] == [*range(2, iterations + 1, 2)]
    image, label, prediction = np.split(np.asarray(Image.open(pictures[0])), 3, axis=1)
    assert image.std() > 0 and label.shape == prediction.shape == image.shape
    assert {tuple(colour) for colour in prediction.reshape(-1, 3)} <= {tuple(colour) for colour in PALETTE}


def test_picture_of_a_padded_image_has_its_own_size(trained):
    folder = trained("padded", checkpoint_every=2, source_size=(12, 32))  # the crop is 16x16
    sizes = {Image.open(file).size for file in (folder / "logs/validation").iterdir()}
    assert (48, 12) in sizes
