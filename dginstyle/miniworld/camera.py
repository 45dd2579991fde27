"""From the painted street to a photograph: textures, precipitation, lens and sensor."""

import cv2
import numpy as np
from cityscapesscripts.helpers.labels import name2label

from dginstyle.miniworld.appearance import Style
from dginstyle.miniworld.geometry import HEIGHT, WIDTH, Camera

_ID = {name: name2label[name].id for name in ("road", "sidewalk", "terrain", "building", "wall", "vegetation", "sky")}
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def photograph(
    image: np.ndarray, labels: np.ndarray, camera: Camera, style: Style, rng: np.random.Generator
) -> np.ndarray:
    """Return the photograph (64, 128, 3) uint8 RGB of a painted street.

    Args:
        image: (64, 128, 3) float32 in 0..1.
        labels: (64, 128) Cityscapes ids, for the textures.
        camera: the camera.
        style: the appearance.
        rng: random generator.
    """
    image = image * (1 + style.texture * _texture(labels, camera, rng))[..., None]
    if style.weather == "rainy":
        image = _wet(image, labels, camera)
    if style.weather == "night":
        image = _headlights(image, labels, camera)
    image = _precipitation(image, style, rng)
    return _develop(image, style, rng)


def _texture(labels: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """Return relative brightness (64, 128): coarse leaves, fine grass, paving slabs, faint asphalt and plaster."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    z = camera.ground_depth(rows + 0.5)
    x = (columns + 0.5 - camera.centre) * z / camera.focal
    slabs = ((np.floor(x / 0.9) + np.floor(z / 1.2)) % 2 - 0.5) * np.exp(-z / 14)
    fine = rng.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32)
    coarse = cv2.GaussianBlur(fine, (0, 0), 0.9) * 2.2
    cloud = cv2.GaussianBlur(fine, (0, 0), 6) * 12
    strength = {
        "vegetation": 0.2 * coarse,
        "terrain": 0.09 * fine + 0.05 * coarse,
        "sidewalk": 0.16 * slabs + 0.02 * fine,
        "road": 0.03 * fine + 0.02 * cloud,
        "building": 0.025 * fine,
        "wall": 0.06 * coarse,
        "sky": 0.02 * cloud,
    }
    texture = np.zeros((HEIGHT, WIDTH), np.float32)
    for name, values in strength.items():
        here = labels == _ID[name]
        texture[here] = values[here]
    return texture


def _wet(image: np.ndarray, labels: np.ndarray, camera: Camera) -> np.ndarray:
    """Add reflections to the wet road."""
    rows = np.arange(HEIGHT)
    mirrored = np.clip(np.round(2 * camera.horizon - rows), 0, HEIGHT - 1).astype(int)
    reflection = cv2.GaussianBlur(image[mirrored], (0, 0), sigmaX=0.8, sigmaY=2.5)
    wet = 0.4 * (labels == _ID["road"])[..., None]
    return (1 - wet) * image + wet * reflection


def _headlights(image: np.ndarray, labels: np.ndarray, camera: Camera) -> np.ndarray:
    """Add the camera car's headlights on the ground, and a glow around bright pixels."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    pool = np.exp(-(((columns - camera.centre) / 42.0) ** 2) - ((rows - camera.horizon - 16) / 13.0) ** 2)
    ground = np.isin(labels, [_ID["road"], _ID["sidewalk"], _ID["terrain"]])
    image = image * (1 + (1.3 * ground + 0.5) * pool)[..., None]
    bright = np.maximum(image - 0.7, 0)
    return image + 1.2 * cv2.GaussianBlur(bright, (0, 0), 2.0)


def _precipitation(image: np.ndarray, style: Style, rng: np.random.Generator) -> np.ndarray:
    """Add snowflakes or streaks of rain."""
    if style.weather == "snowy":
        flakes = np.zeros(image.shape[:2], np.float32)
        count = int(rng.integers(50, 110))
        flakes[rng.integers(0, HEIGHT, count), rng.integers(0, WIDTH, count)] = rng.uniform(0.5, 1, count)
        cover = np.minimum(flakes + 0.8 * cv2.GaussianBlur(flakes, (0, 0), 0.7), 1)[..., None]
        return (1 - 0.9 * cover) * image + 0.9 * cover * 0.97
    if style.weather == "rainy":
        streaks = np.zeros(image.shape[:2], np.float32)
        slant = rng.integers(-1, 2)
        for row, column in zip(rng.integers(-4, HEIGHT, 45), rng.integers(0, WIDTH, 45), strict=True):
            cv2.line(streaks, (int(column), int(row)), (int(column + slant), int(row + 5)), 1.0)
        return image + 0.22 * streaks[..., None] * (0.85 - image)
    return image


def _develop(image: np.ndarray, style: Style, rng: np.random.Generator) -> np.ndarray:
    """Apply lens and sensor: vignette, cast, contrast, saturation, gamma, blur, noise."""
    rows, columns = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    exposure = 1.0 if style.weather == "night" else style.brightness
    image = image * exposure * style.cast * (1 - style.vignette * (rows**2 + columns**2) / 2)[..., None]
    grey = (image @ _GREY)[..., None]
    image = grey + style.saturation * (image - grey)
    image = 0.45 + style.contrast * (image - 0.45) if style.weather != "night" else image
    image = np.clip(image, 0, 1) ** style.gamma
    if style.blur > 0:
        image = cv2.GaussianBlur(image, (0, 0), style.blur)
    image = image + style.noise * rng.normal(0, 1, image.shape)
    return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)
