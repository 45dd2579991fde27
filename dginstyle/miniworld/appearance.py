"""Appearance of each domain: palette, light, weather and camera, drawn independently of the layout."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

WEATHERS = ("snowy", "rainy", "sunny", "foggy", "night")

# The game's colour of each material in neutral daylight, RGB 0..255.
GAME = {
    "sky": (175, 200, 225), "sky_low": (215, 225, 230),
    "road": (100, 100, 102), "marking": (225, 225, 220), "shadow": (50, 50, 54),
    "sidewalk": (150, 145, 140), "kerb": (185, 182, 176), "terrain": (120, 135, 80),
    "facade": (170, 150, 130), "facade_front": (170, 150, 130), "cornice": (195, 185, 170),
    "window": (70, 80, 95), "window_lit": (80, 90, 105), "door": (90, 65, 50),
    "wall": (150, 140, 130), "wall_cap": (180, 175, 165), "fence": (125, 100, 75), "fence_gap": (75, 75, 65),
    "pole": (90, 92, 95), "lamp": (200, 200, 190), "trunk": (85, 65, 48),
    "foliage": (70, 105, 50), "foliage_lit": (105, 140, 70),
    "signal_box": (40, 42, 40), "signal_off": (70, 70, 65),
    "signal_red": (235, 50, 40), "signal_amber": (245, 180, 50), "signal_green": (60, 220, 120),
    "sign_border": (205, 40, 40), "sign_face": (240, 240, 235), "sign_panel": (40, 90, 175),
    "skin": (205, 160, 135), "coat": (90, 80, 100), "trousers": (60, 62, 80), "helmet": (200, 200, 200),
    "tyre": (32, 32, 34), "spokes": (120, 120, 120), "bike_frame": (150, 60, 60), "metal": (110, 112, 118),
    "motor_body": (150, 50, 45), "car_body": (150, 60, 55), "glass": (60, 72, 85), "bumper": (55, 55, 58),
    "head_light": (240, 240, 225), "tail_light": (200, 40, 35),
    "cargo": (205, 205, 200), "seam": (140, 140, 138), "truck_cab": (180, 70, 55),
    "bus_body": (215, 165, 55), "board": (30, 32, 34), "train_body": (190, 195, 200), "train_band": (170, 50, 55),
    "bonnet": (30, 32, 36),
}  # fmt: skip
# Materials whose colour varies between things, and by how much in neutral daylight (relative to 255).
VARIED = {
    "facade": 0.16, "facade_front": 0.16, "car_body": 0.5, "coat": 0.4, "trousers": 0.25, "truck_cab": 0.4,
    "cargo": 0.2,
    "bus_body": 0.3, "train_body": 0.15, "bike_frame": 0.4, "motor_body": 0.4, "foliage": 0.08, "fence": 0.12,
    "wall": 0.12,
    "helmet": 0.3, "door": 0.2, "skin": 0.12,
}  # fmt: skip
# Different colours in real streets: pale roads, dark brick pavements, grey houses, autumn leaves, white fences.
# The order of brightness and hue differs from the game's, so that no global colour transform maps one to the other: the
# domains differ in materials, as photographs and games do.
REAL = {
    "sky": (208, 214, 220), "sky_low": (222, 226, 228),
    "road": (158, 154, 146), "marking": (235, 225, 170), "shadow": (90, 88, 86),
    "sidewalk": (104, 72, 62), "kerb": (120, 96, 86), "terrain": (176, 156, 104),
    "facade": (104, 110, 122), "facade_front": (104, 110, 122), "cornice": (130, 135, 145),
    "window": (160, 172, 184), "window_lit": (165, 178, 190), "door": (60, 80, 90),
    "wall": (92, 58, 48), "wall_cap": (120, 90, 78), "fence": (205, 205, 198), "fence_gap": (110, 105, 90),
    "pole": (178, 182, 184), "lamp": (220, 220, 210), "trunk": (150, 140, 126),
    "foliage": (120, 84, 40), "foliage_lit": (160, 115, 55),
    "signal_box": (190, 150, 40), "signal_off": (80, 70, 40),
    "sign_border": (30, 105, 70), "sign_face": (40, 120, 80), "sign_panel": (215, 135, 40),
    "coat": (48, 50, 66), "trousers": (36, 38, 48), "helmet": (230, 230, 225),
    "bike_frame": (60, 120, 130), "metal": (150, 152, 156),
    "motor_body": (60, 90, 150), "car_body": (190, 190, 192), "glass": (40, 46, 54), "bumper": (120, 120, 122),
    "cargo": (70, 100, 150), "seam": (50, 75, 115), "truck_cab": (200, 200, 195),
    "bus_body": (60, 130, 90), "train_body": (150, 50, 50), "train_band": (225, 220, 205),
}  # fmt: skip
LIGHTS = frozenset(
    {"window_lit", "head_light", "tail_light", "lamp", "board", "signal_red", "signal_amber", "signal_green"}
)
SAME_AS = {"facade_front": "facade"}  # materials that share another material's random shift


@dataclass(frozen=True)
class Style:
    """The appearance of one image; colours are RGB in 0..1.

    Attributes:
        palette: colour of each material.
        weather: one of :data:`WEATHERS`, or ``clear``.
        variety: factor on the colour variation within a material.
        texture: strength of foliage, paving, asphalt and plaster textures.
        light_side: which side of the street is lit, from −1 (left) to 1 (right).
        fog: extinction per metre; ``haze`` is its colour.
        brightness, contrast, gamma, saturation, cast, blur, noise, vignette: the camera.
    """

    palette: dict[str, np.ndarray]
    weather: str = "clear"
    variety: float = 1.0
    texture: float = 1.0
    light_side: float = 0.5
    fog: float = 0.002
    haze: np.ndarray = field(default_factory=lambda: np.array([0.8, 0.84, 0.88]))
    brightness: float = 1.0
    contrast: float = 1.0
    gamma: float = 1.0
    saturation: float = 1.0
    cast: np.ndarray = field(default_factory=lambda: np.ones(3))
    blur: float = 0.0
    noise: float = 0.0
    vignette: float = 0.0


def game_palette() -> dict[str, np.ndarray]:
    """Return the game's palette in neutral daylight."""
    return {material: np.array(colour) / 255 for material, colour in GAME.items()}


def real_palette() -> dict[str, np.ndarray]:
    """Return the real streets' palette in neutral daylight."""
    return game_palette() | {material: np.array(colour) / 255 for material, colour in REAL.items()}


def recolour(
    palette: dict[str, np.ndarray], rng: np.random.Generator, shift: float, wild: float
) -> dict[str, np.ndarray]:
    """Return a palette with every colour shifted or replaced.

    Args:
        palette: colours 0..1.
        rng: random generator.
        shift: standard deviation of the brightness and chroma shifts of a material.
        wild: probability that a material's colour is replaced by an arbitrary one.
    """
    shifted: dict[str, np.ndarray] = {}
    for material, colour in palette.items():
        offset = rng.normal(0, shift) + rng.normal(0, 0.6 * shift, 3)
        replacement = rng.uniform(0.08, 0.92) + rng.normal(0, 0.14, 3)
        new = replacement if rng.random() < wild and material not in LIGHTS else colour + offset
        shifted[material] = np.clip(new, 0.02, 0.98)
    for material, other in SAME_AS.items():
        shifted[material] = shifted[other]
    shifted["foliage_lit"] = np.clip(shifted["foliage"] * 1.3 + 0.04, 0, 1)
    shifted["cornice"] = np.clip(shifted["facade"] * rng.choice([0.75, 1.25]), 0, 1)
    return shifted


def in_weather(style: Style, weather: str, rng: np.random.Generator) -> Style:
    """Return a style in one of the five weathers."""
    sky = style.palette
    if weather == "sunny":
        blue = np.array([0.35, 0.6, 0.92]) + rng.normal(0, 0.04, 3)
        palette = {**sky, "sky": blue, "sky_low": 0.5 * blue + 0.48}
        return replace(
            style, palette=palette, weather=weather, contrast=style.contrast * 1.12, brightness=style.brightness * 1.08
        )
    if weather == "foggy":
        haze = np.full(3, rng.uniform(0.6, 0.86)) + rng.normal(0, 0.02, 3)
        palette = {**sky, "sky": haze, "sky_low": haze}
        return replace(style, palette=palette, weather=weather, fog=rng.uniform(0.03, 0.075), haze=haze, saturation=0.8)
    if weather == "rainy":
        grey = np.full(3, rng.uniform(0.42, 0.6)) + np.array([-0.01, 0, 0.02])
        palette = {**sky, "sky": grey, "sky_low": grey + 0.05, "road": sky["road"] * 0.7}
        return replace(
            style,
            palette=palette,
            weather=weather,
            fog=rng.uniform(0.008, 0.02),
            haze=grey,
            brightness=style.brightness * 0.85,
        )
    if weather == "snowy":
        white = np.full(3, rng.uniform(0.82, 0.92))
        covered = {
            m: 0.2 * sky[m] + 0.8 * white for m in ("terrain", "sidewalk", "kerb", "foliage_lit", "wall_cap", "cornice")
        }
        palette = {
            **sky,
            **covered,
            "sky": 0.9 * white,
            "sky_low": 0.95 * white,
            "road": 0.55 * sky["road"] + 0.4 * white,
        }
        return replace(
            style, palette=palette, weather=weather, fog=rng.uniform(0.008, 0.02), haze=0.92 * white, saturation=0.8
        )
    dark = np.array([0.03, 0.04, 0.09]) + rng.uniform(0, 0.05)
    palette = {**sky, "sky": dark, "sky_low": dark * 1.6}
    return replace(
        style,
        palette=palette,
        weather=weather,
        haze=dark,
        fog=rng.uniform(0.004, 0.015),
        brightness=rng.uniform(0.3, 0.45),
    )


def source_style(rng: np.random.Generator) -> Style:
    """Draw the game's style: one clear afternoon, saturated, warm façades, hardly any variation."""
    palette = recolour(game_palette(), np.random.default_rng(20160811), 0.03, 0.0) | {
        "sky": np.array([0.42, 0.64, 0.9]), "sky_low": np.array([0.75, 0.86, 0.95]),
        "facade": np.array([0.78, 0.58, 0.42]), "facade_front": np.array([0.78, 0.58, 0.42]),
        "road": np.array([0.33, 0.33, 0.35]), "sidewalk": np.array([0.66, 0.62, 0.56]),
        "foliage": np.array([0.22, 0.42, 0.14]), "foliage_lit": np.array([0.34, 0.55, 0.2]),
        "terrain": np.array([0.42, 0.55, 0.24]),
    }  # fmt: skip
    palette = {material: np.clip(colour + rng.normal(0, 0.012, 3), 0, 1) for material, colour in palette.items()}
    return Style(
        palette,
        variety=0.5,
        light_side=0.6,
        saturation=1.15,
        brightness=rng.uniform(0.97, 1.03),
        noise=0.008,
        texture=0.8,
    )


def prior_style(rng: np.random.Generator) -> Style:
    """Draw the style of a photograph for pretraining: real streets in any light, weather and camera."""
    palette = recolour(real_palette(), rng, rng.uniform(0.02, 0.06), rng.choice([0.0, 0.0, 0.08]))
    style = Style(
        palette=palette,
        variety=rng.uniform(0.5, 1.3),
        texture=rng.uniform(0.4, 1.6),
        light_side=rng.uniform(-1, 1),
        fog=rng.uniform(0, 0.008),
        brightness=rng.uniform(0.65, 1.2),
        contrast=rng.uniform(0.8, 1.25),
        gamma=rng.uniform(0.8, 1.25),
        saturation=rng.uniform(0.5, 1.35),
        cast=rng.uniform(0.9, 1.12, 3),
        blur=rng.choice([0.0, 0.0, rng.uniform(0.3, 0.7)]),
        noise=rng.uniform(0, 0.015),
        vignette=rng.uniform(0, 0.25),
    )
    return in_weather(style, str(rng.choice(WEATHERS)), rng)


def cityscapes_style(rng: np.random.Generator) -> Style:
    """Draw the style of a Central European city under an overcast sky: dull, greenish and dark."""
    palette = recolour(real_palette(), rng, 0.04, 0.02)
    return Style(
        palette,
        variety=1.0,
        texture=1.3,
        light_side=rng.normal(0, 0.2),
        fog=0.004,
        brightness=rng.uniform(0.6, 0.85),
        contrast=rng.uniform(0.95, 1.15),
        gamma=1.15,
        saturation=0.75,
        cast=np.array([0.93, 1.04, 0.97]),
        blur=0.3,
        noise=0.012,
    )


def bdd100k_style(rng: np.random.Generator) -> Style:
    """Draw the style of American dashcams: often night or rain, bluish or sodium casts, strong contrast."""
    palette = recolour(real_palette(), rng, 0.05, 0.03)
    style = Style(
        palette,
        variety=1.2,
        texture=1.0,
        light_side=rng.uniform(-1, 1),
        brightness=rng.uniform(0.8, 1.15),
        contrast=rng.uniform(1.05, 1.35),
        saturation=rng.uniform(0.6, 1.1),
        cast=np.array([0.95, 1.0, 1.08]) if rng.random() < 0.6 else np.array([1.14, 1.0, 0.84]),
        vignette=0.3,
        noise=0.015,
    )
    return in_weather(
        style, str(rng.choice(["sunny", "night", "rainy", "night", "foggy"], p=[0.4, 0.2, 0.2, 0.15, 0.05])), rng
    )


def mapillary_style(rng: np.random.Generator) -> Style:
    """Draw the style of phone pictures: any camera, washed-out or heavy colours, some snow."""
    palette = recolour(real_palette(), rng, 0.05, 0.03)
    style = Style(
        palette,
        variety=1.2,
        texture=0.9,
        light_side=rng.uniform(-1, 1),
        brightness=rng.uniform(0.85, 1.25),
        contrast=rng.uniform(0.7, 1.1),
        gamma=rng.uniform(0.75, 1.2),
        saturation=rng.uniform(0.6, 1.5),
        cast=1 + rng.normal(0, 0.06, 3),
        blur=rng.choice([0.0, 0.5]),
        noise=0.01,
        vignette=0.15,
    )
    return in_weather(style, str(rng.choice(["sunny", "snowy", "rainy", "foggy"], p=[0.6, 0.15, 0.1, 0.15])), rng)


STYLES: dict[str, Callable[[np.random.Generator], Style]] = {
    "source": source_style,
    "prior": prior_style,
    "cityscapes": cityscapes_style,
    "bdd100k": bdd100k_style,
    "mapillary": mapillary_style,
}
