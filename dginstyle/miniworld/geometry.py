"""Pinhole camera over a flat street: metres (x right, y up, z ahead) to pixels."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

WIDTH, HEIGHT = 128, 64


@dataclass(frozen=True)
class Camera:
    """A level camera.

    Attributes:
        focal: focal length in pixels.
        horizon: row of the horizon.
        centre: column of the vanishing point.
        height: height over the road in metres.
    """

    focal: float
    horizon: float
    centre: float
    height: float

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project points (..., 3) in metres to pixels (..., 2) as (column, row)."""
        points = np.asarray(points, dtype=float)
        scale = self.focal / np.maximum(points[..., 2:], 0.5)
        return (points[..., :2] - (0, self.height)) * scale * (1, -1) + (self.centre, self.horizon)

    def ground_depth(self, rows: np.ndarray) -> np.ndarray:
        """Return the distance in metres of the ground seen in ``rows``; large at or above the horizon."""
        return self.focal * self.height / np.maximum(rows - self.horizon, 0.15)

    def billboard(self, shape: np.ndarray, x: float, z: float, base: float = 0.0) -> np.ndarray:
        """Project a flat shape (k, 2) in metres that faces the camera and stands at (x, base, z)."""
        scale = self.focal / max(z, 0.5)
        return shape * (scale, -scale) + (self.centre + scale * x, self.horizon + scale * (self.height - base))

    def upright(self, x: float, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Project points (z, y) of the vertical plane at lateral position ``x`` along the street."""
        points = np.empty((*np.shape(z), 3))
        points[..., 0], points[..., 1], points[..., 2] = x, y, z
        return self.project(points)


def box(left: float, bottom: float, right: float, top: float) -> np.ndarray:
    """Return the corners (4, 2) of an axis-aligned rectangle."""
    return np.array([(left, bottom), (right, bottom), (right, top), (left, top)], dtype=float)


@cache
def _circle(points: int) -> np.ndarray:
    """Return points (points, 2) of the unit circle."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def ellipse(x: float, y: float, width: float, height: float, points: int = 12) -> np.ndarray:
    """Return points (points, 2) of an ellipse of full ``width`` and ``height`` around (x, y)."""
    return _circle(points) * (width / 2, height / 2) + (x, y)


def stroke(start: tuple[float, float], end: tuple[float, float], width: float) -> np.ndarray:
    """Return the corners (4, 2) of a straight bar of ``width`` from ``start`` to ``end``."""
    (ax, ay), (bx, by) = start, end
    half = width / 2 / (math.hypot(bx - ax, by - ay) + 1e-9)
    side_x, side_y = (ay - by) * half, (bx - ax) * half
    corners = [
        (ax - side_x, ay - side_y),
        (bx - side_x, by - side_y),
        (bx + side_x, by + side_y),
        (ax + side_x, ay + side_y),
    ]
    return np.array(corners)
