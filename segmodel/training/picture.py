"""What a segmentation training shows while it runs: an image of its batch, the label map, and the prediction."""

import copy

import numpy as np
import torch
from mmseg.models import BaseSegmentor
from PIL import Image

from segmodel.labels import palette_image


@torch.no_grad()
def training_picture(network: BaseSegmentor, batch: dict) -> Image.Image:
    """Return the first image of a batch, its label map and the network's prediction, side by side.

    No random number is drawn and no statistic of batch norm changes: the training goes on as without.

    Args:
        network: in training mode, as it is afterwards.
        batch: of a ``TrainingStream``: images (3, H, W) uint8 BGR with their label maps.

    Returns:
        H × 3 W pixels, RGB; label map and prediction in Cityscapes' colours, ignored pixels of the label map black.
    """
    image, label = batch["inputs"][0], batch["data_samples"][0].gt_sem_seg.data[0]
    network.eval()
    padded = {"inputs": [*batch["inputs"]], "data_samples": copy.deepcopy(batch["data_samples"])}  # labels in place
    inputs = network.data_preprocessor(padded, training=True)["inputs"]  # (N, 3, H, W)
    scores = network.encode_decode(inputs, [{"img_shape": tuple(inputs.shape[2:])}] * len(inputs))  # (N, 19, H, W)
    network.train()
    height, width = image.shape[1:]
    prediction = scores[0, :, :height, :width].argmax(0)
    values = [part.cpu().numpy().astype(np.uint8) for part in (label[:height, :width], prediction)]
    maps = [palette_image(part).convert("RGB") for part in values]
    return Image.fromarray(np.hstack([image.numpy()[::-1].transpose(1, 2, 0), *map(np.asarray, maps)]))
