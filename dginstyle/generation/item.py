"""The inputs of one generated image: a crop of a label map, and a prompt."""

from dataclasses import dataclass

import numpy as np

from dginstyle.captions import caption
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.generation.prompts import DrawPrompt
from dginstyle.rare_class_sampling import Crop, draw_crop_with
from dginstyle.seeds import derive_seed

TRIES = 10


@dataclass(frozen=True)
class Item:
    """The inputs of one generated image.

    Attributes:
        index: index in the generation list.
        train_id: the class that the crop is centred on.
        source_image: file of the source set.
        source_label: file of the source set.
        crop: rectangle of the source image.
        label: trainIds (H, W) uint8 of the crop.
        prompt: the prompt.
        weather: weather in the prompt, empty for a plain prompt.
        seed: seed of the item's random draws.
    """

    index: int
    train_id: int
    source_image: str
    source_label: str
    crop: Crop
    label: np.ndarray
    prompt: str
    weather: str
    seed: int


def draw_item(
    row: dict[str, str],
    source: SourceSet,
    size: tuple[int, int],
    min_class_share: float,
    draw_prompt: DrawPrompt,
    seed: int,
) -> Item:
    """Draw crop and prompt of one row of the generation list; they depend only on the seed and the row.

    Args:
        row: index, image, label, class.
        source: the source set.
        size: height and width of the crop.
        min_class_share: a crop is accepted if its class covers more than this share of it.
        draw_prompt: draws the prompt.
        seed: the run's seed.

    Raises:
        SystemExit: the label map lacks the class or is smaller than the crop.
    """
    index, train_id = int(row["index"]), int(row["class"])
    item_seed = derive_seed(seed, "generate", index)
    rng = np.random.default_rng(item_seed)
    whole = source.label(row["label"])
    try:
        crop = draw_filled_crop(whole, train_id, size, min_class_share, rng)
    except ValueError as error:
        raise SystemExit(f"{source.folder / row['label']}, item {index} of the list: {error}") from None
    label = crop.of(whole).copy()
    prompt, weather = draw_prompt(caption(label), index, rng)
    return Item(index, train_id, row["image"], row["label"], crop, label, prompt, weather, item_seed)


def draw_filled_crop(
    label: np.ndarray, train_id: int, size: tuple[int, int], min_share: float, rng: np.random.Generator
) -> Crop:
    """Draw crops around pixels of a class until it covers more than ``min_share`` of one, at most ten times."""
    for _ in range(TRIES):
        crop = draw_crop_with(label, train_id, size, rng)
        if (crop.of(label) == train_id).mean() > min_share:
            break
    return crop
