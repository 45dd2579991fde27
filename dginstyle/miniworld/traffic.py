"""Vehicles on the road: the end that faces the camera, a flank in perspective, a shadow."""

from dataclasses import dataclass

import numpy as np

from dginstyle.miniworld import shapes
from dginstyle.miniworld.street import Layout, Part, StreetStatistics, Thing, thing


@dataclass(frozen=True)
class Body:
    """Dimensions of a kind of vehicle in metres; shares are relative to its height.

    Attributes:
        width: width.
        heights: range of heights.
        length: length along the street.
        clearance: height of the flank's lower edge.
        flank: share of the flank's body.
        glass: shares of the windows' lower and upper edge, and their number; None for none.
        material: material of the flank.
    """

    width: float
    heights: tuple[float, float]
    length: float
    clearance: float
    flank: float
    glass: tuple[float, float, int] | None
    material: str


BODIES = {
    "car": Body(1.8, (1.4, 1.75), 4.2, 0.2, 0.6, (0.6, 0.93, 2), "car_body"),
    "truck": Body(2.5, (3.0, 3.8), 7.5, 0.7, 1.0, None, "cargo"),
    "bus": Body(2.5, (2.9, 3.3), 10.0, 0.3, 1.0, (0.42, 0.8, 5), "bus_body"),
    "train": Body(2.6, (3.5, 3.5), 24.0, 0.3, 1.0, (0.45, 0.8, 11), "train_body"),
}


def _vehicle(layout: Layout, kind: str, x: float, z: float, rng: np.random.Generator) -> Thing:
    """Return a vehicle: its shadow, the visible flank, then the end that faces the camera."""
    body = BODIES[kind]
    height = rng.uniform(*body.heights)
    rear = x > 0  # right-hand traffic: those on our side drive away from us
    end = {
        "car": lambda: shapes.car_end(rear, body.width, height),
        "truck": lambda: shapes.truck_end(rear, body.width, height),
        "bus": lambda: shapes.bus_end(rear, body.width, height),
        "train": lambda: shapes.train_end(body.width, height),
    }[kind]()
    facing = [Part(material, [layout.camera.billboard(p, x, z) for p in polygons]) for material, polygons in end]
    parts = [_shadow(layout, body, x, z), *_flank(layout, kind, height, x - np.sign(x) * body.width / 2, z), *facing]
    return thing(kind, z, rng, parts)


def _shadow(layout: Layout, body: Body, x: float, z: float) -> Part:
    half, front, back = 0.56 * body.width, z - 0.2, z + body.length
    corners = [(x - half, 0.0, front), (x + half, 0.0, front), (x + half, 0.0, back), (x - half, 0.0, back)]
    return Part("shadow", [layout.camera.project(np.array(corners))])


def _flank(layout: Layout, kind: str, height: float, x: float, z: float) -> list[Part]:
    """Return wheels, body and windows in the vertical plane at lateral position ``x``."""
    body, side = BODIES[kind], f"{BODIES[kind].material}_side"

    def panel(start: float, end: float, low: float, high: float) -> np.ndarray:
        z_start, z_end = z + start * body.length, z + end * body.length
        return layout.camera.upright(x, [z_start, z_end, z_end, z_start], [low, low, high, high])

    parts = [Part("tyre", [panel(0.1, 0.25, 0, 0.6), panel(0.75, 0.9, 0, 0.6)])]
    parts.append(Part(side, [panel(0, 1, body.clearance, body.flank * height)]))
    if kind == "car":
        along, up = np.array([0.05, 0.85, 0.7, 0.15]), np.array([0.58, 0.58, 1, 1])
        parts.append(Part(side, [layout.camera.upright(x, z + body.length * along, height * up)]))
    if body.glass:
        low, high, count = body.glass
        panes = np.linspace(0.06, 0.94, count + 1)
        windows = [
            panel(a + 0.01, b - 0.01, low * height, high * height) for a, b in zip(panes, panes[1:], strict=False)
        ]
        parts.append(Part("glass", windows))
    return parts


def draw_traffic(layout: Layout, statistics: StreetStatistics, rng: np.random.Generator) -> list[Thing]:
    """Draw vehicles in both lanes and parked at the kerbs, without overlaps."""
    road, taken, things = layout.road_half_width, [], []

    def put(kind: str, x: float, z: float, clearance: float) -> None:
        if all(abs(x - other_x) > 2.4 or abs(z - other_z) > clearance for other_x, other_z in taken):
            taken.append((x, z))
            things.append(_vehicle(layout, kind, x, z, rng))

    for kind, mean, length in (
        ("train", statistics.trains, 26),
        ("bus", statistics.buses, 12),
        ("truck", statistics.trucks, 10),
        ("car", statistics.moving_cars, 6),
    ):
        for _ in range(rng.poisson(mean)):
            put(kind, rng.choice([-1, 1]) * 0.47 * road + rng.normal(0, 0.15), rng.uniform(7.5, 45), length)
    for _ in range(rng.poisson(statistics.parked_cars)):
        put("car", rng.choice([-1, 1]) * (road - 1.0), rng.uniform(7, 50), 5.5)
    return things
