"""Rows of houses along a street: façades in perspective with windows, doors and roof edges."""

import numpy as np

from dginstyle.miniworld.geometry import Camera, box

Parts = list[tuple[str, list[np.ndarray]]]


def building_row(
    camera: Camera,
    x: float,
    x_behind: float,
    heights: tuple[float, float],
    share: float,
    far: float,
    rng: np.random.Generator,
) -> list[tuple[float, Parts]]:
    """Return the (depth, parts) of the houses along one side of the street, far to near.

    Args:
        camera: the camera.
        x: lateral position of the façades in metres, negative on the left.
        x_behind: lateral position of the houses' backs.
        heights: range of heights in metres.
        share: probability that a plot is built on.
        far: end of the row in metres.
        rng: random generator.
    """
    houses, z = [], rng.uniform(-2, 5)
    while z < far:
        length = rng.uniform(8, 18)
        if rng.random() < share:
            houses.append((z, z + length, rng.uniform(*heights)))
        z += length + (rng.uniform(2, 6) if rng.random() < 0.25 else 0.0)
    return [
        (max(near, 3.0), _house(camera, x, x_behind, near, end, height, rng)) for near, end, height in reversed(houses)
    ]


def _house(
    camera: Camera, x: float, x_behind: float, near: float, far: float, height: float, rng: np.random.Generator
) -> Parts:
    """Return one house: its gable towards the camera, its façade along the street."""
    visible = max(near, 1.0)
    facade = camera.upright(x, [visible, far, far, visible], [0, 0, height, height])
    parts: Parts = []
    if near > 3:
        low, high = sorted((0.0, x_behind - x))
        parts.append(("facade_front", [camera.billboard(box(low, 0, high, height), x, near)]))
        parts.append(("window", _gable_windows(camera, x, x_behind, near, height)))
    parts.append(("facade", [facade]))
    cornice = camera.upright(x, [visible, far, far, visible], [height - 0.5, height - 0.5, height, height])
    parts.append(("cornice", [cornice]))
    dark, lit = _facade_windows(camera, x, visible, far, height, rng)
    parts += [("window", dark), ("window_lit", lit)]
    door = rng.uniform(visible, max(far - 1.5, visible + 0.1))
    parts.append(("door", [camera.upright(x, [door, door + 1.3, door + 1.3, door], [0, 0, 2.3, 2.3])]))
    return parts


def _facade_windows(camera, x, near, far, height, rng) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return windows on a grid, split into dark and lit ones at night."""
    floor, bay = rng.uniform(2.8, 3.4), rng.uniform(2.2, 3.2)
    low = np.arange(1.2, height - 2.0, floor)
    start = np.arange(near + 0.7, min(far - 1.2, 60.0), bay)
    z, y = (grid.ravel() for grid in np.meshgrid(start, low))
    corners = np.stack([np.stack([z, z + 0.5 * bay, z + 0.5 * bay, z], 1), np.stack([y, y, y + 1.7, y + 1.7], 1)])
    windows = camera.upright(x, corners[0], corners[1])  # (n, 4, 2)
    lit = rng.random(len(windows)) < 0.4
    return list(windows[~lit]), list(windows[lit])


def _gable_windows(camera, x, x_behind, z, height) -> list[np.ndarray]:
    """Return three columns of windows on the side that faces the camera."""
    toward = np.sign(x_behind - x)
    columns = x + toward * np.array([2.0, 5.0, 8.0])
    rows = np.arange(1.5, height - 2.0, 3.2)
    return [camera.billboard(box(-0.6, y, 0.6, y + 1.6), column, z) for column in columns for y in rows]
