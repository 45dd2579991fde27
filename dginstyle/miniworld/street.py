"""Data structures of a street: a domain's statistics, things and their parts, and the layout."""

from dataclasses import dataclass, field

import numpy as np
from cityscapesscripts.helpers.labels import name2label

from dginstyle.miniworld.geometry import Camera
from dginstyle.miniworld.shapes import Shape

FAR = 110.0  # metres: the end of the street


@dataclass(frozen=True)
class StreetStatistics:
    """Statistics of a domain's layouts: counts are Poisson means per scene, shares probabilities, lengths metres."""

    horizon: tuple[float, float] = (0.42, 0.5)
    field_of_view: tuple[float, float] = (62.0, 76.0)  # degrees, horizontal
    camera_height: tuple[float, float] = (1.5, 1.9)
    road_half_width: tuple[float, float] = (4.0, 6.5)
    sidewalk_width: tuple[float, float] = (1.8, 3.5)
    building_height: tuple[float, float] = (6.0, 22.0)
    building_share: float = 0.85
    verge_share: float = 0.45  # a strip of terrain next to the sidewalk
    barrier_share: float = 0.35  # a fence or a wall along the plots
    trees: float = 5.0
    bushes: float = 2.0
    poles: float = 4.0
    traffic_lights: float = 0.6
    traffic_signs: float = 0.65
    persons: float = 3.5
    moving_cars: float = 2.0
    parked_cars: float = 2.5
    trucks: float = 0.28
    buses: float = 0.25
    trains: float = 0.025
    motorcycles: float = 0.24
    bicycles: float = 0.28
    ridden: float = 0.45  # share of the two-wheelers with a rider
    bonnet_share: float = 0.0  # scenes that show the camera car's bonnet (ignored in evaluation)


@dataclass(frozen=True)
class Part:
    """Convex polygons (k, 2) of one material, in pixels."""

    material: str
    polygons: list[np.ndarray]


@dataclass(frozen=True)
class Thing:
    """An object or surface with one class.

    Attributes:
        label: Cityscapes id.
        depth: distance in metres, for fog.
        tint: seed of the thing's own colours, such as a car's.
        parts: parts in drawing order.
    """

    label: int
    depth: float
    tint: int
    parts: list[Part]


@dataclass
class Layout:
    """A street: the camera, widths in metres, and the things in drawing order."""

    camera: Camera
    road_half_width: float
    sidewalk_width: float
    things: list[Thing] = field(default_factory=list)


def thing(name: str, depth: float, rng: np.random.Generator, parts: list[Part]) -> Thing:
    """Return a thing of the Cityscapes class ``name``."""
    return Thing(name2label[name].id, depth, int(rng.integers(2**31)), parts)


def standing(
    camera: Camera, name: str, shape: Shape, x: float, z: float, rng, base: float = 0.0, mirror=False
) -> Thing:
    """Return a thing made of a flat shape at (x, base, z)."""
    sign = (-1.0 if mirror else 1.0, 1.0)
    parts = [Part(material, [camera.billboard(p * sign, x, z, base) for p in polygons]) for material, polygons in shape]
    return thing(name, z, rng, parts)


def strip(camera: Camera, left: float, right: float, near: float = 2.0, far: float = FAR) -> np.ndarray:
    """Return the polygon (4, 2) of a strip of ground between two lateral positions."""
    return camera.project(np.array([(left, 0, near), (left, 0, far), (right, 0, far), (right, 0, near)]))
