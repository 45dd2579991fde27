"""Painting: layout and style to image and label map."""

from itertools import accumulate, pairwise

import cv2
import numpy as np
from cityscapesscripts.helpers.labels import name2label

from dginstyle.miniworld.appearance import LIGHTS, SAME_AS, VARIED, Style
from dginstyle.miniworld.geometry import HEIGHT, WIDTH
from dginstyle.miniworld.street import Layout, Thing

SUPERSAMPLING = 4
_SHIFT = 4  # fractional bits of the polygon corners
_SCALE = SUPERSAMPLING * 2**_SHIFT
# Details inside the outline of a thing, and shadows on the road: they do not change the label.
_WITHIN = LIGHTS | {
    "shadow",
    "window",
    "door",
    "cornice",
    "glass",
    "marking",
    "seam",
    "bumper",
    "spokes",
    "wall_cap",
} - {"lamp"}
_FACES = {"facade_front": 0.8, "trunk": 0.9}  # light on faces turned to the camera


def paint(layout: Layout, style: Style, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a street's image (64, 128, 3) float32 RGB in 0..1 and labels (64, 128) uint8 of Cityscapes ids."""
    canvas = _sky(layout, style)
    labels = np.full(canvas.shape[:2], name2label["sky"].id, np.uint8)
    salt = int(rng.integers(2**31))
    for thing in layout.things:
        _paint_thing(canvas, labels, thing, style, salt)
    image = cv2.resize(canvas, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    middle = SUPERSAMPLING // 2
    labels = labels[middle::SUPERSAMPLING, middle::SUPERSAMPLING].copy()
    return image.astype(np.float32) / 255, labels


def _sky(layout: Layout, style: Style) -> np.ndarray:
    """Return a canvas with the sky's gradient down to the horizon."""
    rows = np.linspace(0, HEIGHT / layout.camera.horizon, HEIGHT * SUPERSAMPLING)[:, None].clip(0, 1)
    column = 255 * (style.palette["sky"] * (1 - rows) + style.palette["sky_low"] * rows)
    column = column[:, None].clip(0, 255).astype(np.uint8)
    return np.broadcast_to(column, (len(column), WIDTH * SUPERSAMPLING, 3)).copy()


def _paint_thing(canvas: np.ndarray, labels: np.ndarray, thing: Thing, style: Style, salt: int) -> None:
    rng = np.random.default_rng((thing.tint, salt))
    shifts: dict[str, np.ndarray] = {}
    clear = np.exp(-style.fog * thing.depth)
    for part in thing.parts:
        if not part.polygons:
            continue
        colour = _colour(part.material, thing, style, shifts, rng)
        glow = style.weather == "night" and part.material in LIGHTS
        colour = colour if glow else clear * colour + (1 - clear) * style.haze
        paint = np.minimum(255 * colour, 255).tolist()
        for polygon in _corners(part.polygons):
            cv2.fillConvexPoly(canvas, polygon, paint, cv2.LINE_8, _SHIFT)
            if part.material not in _WITHIN:
                cv2.fillConvexPoly(labels, polygon, thing.label, cv2.LINE_8, _SHIFT)


def _corners(polygons: list[np.ndarray]) -> list[np.ndarray]:
    """Return corners in cv2's fixed-point format; converted together, as a scene has hundreds of small polygons."""
    joined = np.rint(np.concatenate(polygons) * _SCALE).astype(np.int32)
    ends = [*accumulate(map(len, polygons), initial=0)]
    return [joined[start:end] for start, end in pairwise(ends)]


def _colour(material: str, thing: Thing, style: Style, shifts: dict, rng: np.random.Generator) -> np.ndarray:
    """Return the colour (3,) of a material on a thing in the style's light."""
    base, shade = material.removesuffix("_side"), 0.78 if material.endswith("_side") else 1.0
    key = SAME_AS.get(base, base)
    if key not in shifts:
        strength = VARIED.get(key, 0.02) * style.variety
        shifts[key] = strength * (rng.normal(0, 0.6) + rng.normal(0, 0.7, 3))
    if style.weather == "night" and base in LIGHTS:
        return _lamp_colour(base, style)
    colour = np.maximum(style.palette[base] + shifts[key], 0.02) * (shade * _FACES.get(base, 1.0))
    if base in ("facade", "cornice", "wall", "fence"):
        polygon = thing.parts[-1].polygons[0] if thing.parts[-1].polygons else thing.parts[0].polygons[0]
        colour = colour * (1 + 0.18 * style.light_side * np.sign(WIDTH / 2 - polygon[0, 0]))
    return colour * style.brightness if style.weather == "night" else colour


def _lamp_colour(material: str, style: Style) -> np.ndarray:
    """Return the colour (3,) of a light at night."""
    if material == "window_lit":
        return np.array([0.95, 0.8, 0.45])
    if material in ("head_light", "lamp"):
        return np.array([1.0, 0.97, 0.85])
    return np.clip(style.palette[material] * 1.1, 0, 1)
