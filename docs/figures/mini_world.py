"""Draw docs/images/mini_world.png: the mini world's domains. Command: python -m docs.figures.mini_world."""

import numpy as np
from PIL import Image

from dginstyle.labels import ID_TO_TRAIN_ID, colourise
from dginstyle.miniworld import render_scene

COLUMNS = 8


def row(domain: str, first: int = 0) -> np.ndarray:
    """Return scenes of a domain side by side, uint8 (H, COLUMNS * W, 3)."""
    return np.hstack([render_scene(domain, first + i, 0).image for i in range(COLUMNS)])


labels = np.hstack([colourise(ID_TO_TRAIN_ID[render_scene("source", i, 0).labels]) for i in range(COLUMNS)])
rows = [row("source"), labels, row("prior"), row("prior", COLUMNS), row("cityscapes"), row("bdd100k"), row("mapillary")]
Image.fromarray(np.vstack(rows)).save("docs/images/mini_world.png", optimize=True)
