"""Flat shapes of the things in the street: lists of (material, polygons (k, 2)) in metres, with their base at y = 0.

:mod:`~dginstyle.miniworld.appearance` defines the colour of each material.
"""

import numpy as np

from dginstyle.miniworld.geometry import box, ellipse, stroke

Shape = list[tuple[str, list[np.ndarray]]]


def person(rng: np.random.Generator, height: float = 1.75) -> Shape:
    """Return a walking pedestrian from the front."""
    h, step = height, rng.uniform(0.05, 0.2)
    arm = rng.uniform(0.0, 0.15)
    return [
        ("trousers", [stroke((-step, 0), (-0.06, 0.5 * h), 0.2), stroke((step, 0), (0.06, 0.5 * h), 0.2)]),
        ("coat", [box(-0.26, 0.45 * h, 0.26, 0.84 * h), stroke((0.26, 0.8 * h), (0.3 + arm, 0.5 * h), 0.13)]),
        ("skin", [ellipse(0, 0.91 * h, 0.3, 0.17 * h, 8)]),
    ]


def rider_on(rng: np.random.Generator, saddle: float) -> Shape:
    """Return a rider of a two-wheeler from the side, with the hips at height ``saddle``."""
    lean = rng.uniform(0.1, 0.35)
    shoulder = (lean, saddle + 0.6)
    return [
        (
            "trousers",
            [stroke((-0.1, saddle), (0.2, saddle - 0.35), 0.22), stroke((0.2, saddle - 0.35), (0.05, 0.3), 0.18)],
        ),
        ("coat", [stroke((-0.12, saddle - 0.05), shoulder, 0.42), stroke(shoulder, (0.55, saddle + 0.2), 0.15)]),
        ("helmet", [ellipse(lean + 0.08, saddle + 0.82, 0.34, 0.34, 8)]),
    ]


def bicycle() -> Shape:
    """Return a bicycle from the side."""
    rings = [ellipse(x, 0.36, 0.72, 0.72) for x in (-0.52, 0.52)]
    frame = [
        stroke((-0.52, 0.36), (0.0, 0.36), 0.1),
        stroke((0.0, 0.36), (0.36, 0.85), 0.1),
        stroke((-0.16, 0.85), (0.36, 0.85), 0.1),
        stroke((-0.52, 0.36), (-0.16, 0.9), 0.1),
        stroke((0.52, 0.36), (0.36, 1.05), 0.1),
        box(-0.3, 0.88, -0.04, 0.98),
    ]
    return [
        ("tyre", rings),
        ("spokes", [ellipse(x, 0.36, 0.46, 0.46, 8) for x in (-0.52, 0.52)]),
        ("bike_frame", frame),
    ]


def motorcycle() -> Shape:
    """Return a motorcycle from the side."""
    return [
        ("tyre", [ellipse(x, 0.32, 0.66, 0.66) for x in (-0.68, 0.68)]),
        ("metal", [box(-0.5, 0.25, 0.4, 0.55)]),
        ("motor_body", [np.array([(-0.85, 0.75), (-0.5, 0.5), (0.4, 0.5), (0.75, 0.95), (0.45, 1.1), (0.1, 0.85)])]),
        ("head_light", [ellipse(0.72, 0.92, 0.2, 0.2, 6)]),
    ]


def car_end(rear: bool, width: float, height: float) -> Shape:
    """Return a car from the front or the rear."""
    w, h = width / 2, height
    lamp = "tail_light" if rear else "head_light"
    return [
        ("tyre", [box(-w, 0, -w + 0.28, 0.4), box(w - 0.28, 0, w, 0.4)]),
        (
            "car_body",
            [box(-w, 0.2, w, 0.58 * h), np.array([(-w, 0.56 * h), (w, 0.56 * h), (0.72 * w, h), (-0.72 * w, h)])],
        ),
        ("glass", [np.array([(-0.82 * w, 0.6 * h), (0.82 * w, 0.6 * h), (0.62 * w, 0.93 * h), (-0.62 * w, 0.93 * h)])]),
        ("bumper", [box(-w, 0.2, w, 0.2 + 0.13 * h)]),
        (lamp, [box(-0.95 * w, 0.4 * h, -0.6 * w, 0.53 * h), box(0.6 * w, 0.4 * h, 0.95 * w, 0.53 * h)]),
    ]


def truck_end(rear: bool, width: float, height: float) -> Shape:
    """Return a truck: a tall box from the rear, a cab with a high windscreen from the front."""
    w, h = width / 2, height
    tyres = ("tyre", [box(-w, 0, -w + 0.4, 0.6), box(w - 0.4, 0, w, 0.6)])
    cargo = ("cargo", [box(-w, 0.7, w, h)])
    if rear:
        seams = [box(-0.04, 0.75, 0.04, h - 0.05), box(-w, h - 0.12, w, h)]
        lamps = [box(-0.95 * w, 0.72, -0.7 * w, 0.95), box(0.7 * w, 0.72, 0.95 * w, 0.95)]
        return [tyres, cargo, ("seam", seams), ("tail_light", lamps)]
    cab = [box(-0.92 * w, 0.35, 0.92 * w, 0.74 * h)]
    lamps = [box(-0.85 * w, 0.55, -0.55 * w, 0.85), box(0.55 * w, 0.55, 0.85 * w, 0.85)]
    screen = [box(-0.8 * w, 0.46 * h, 0.8 * w, 0.68 * h)]
    return [
        tyres,
        cargo,
        ("truck_cab", cab),
        ("glass", screen),
        ("bumper", [box(-w, 0.35, w, 0.6)]),
        ("head_light", lamps),
    ]


def bus_end(rear: bool, width: float, height: float) -> Shape:
    """Return a bus: a tall body, mostly windows, with a lit destination board."""
    w, h = width / 2, height
    lamps = [box(-0.95 * w, 0.6, -0.65 * w, 0.9), box(0.65 * w, 0.6, 0.95 * w, 0.9)]
    return [
        ("tyre", [box(-w, 0, -w + 0.35, 0.5), box(w - 0.35, 0, w, 0.5)]),
        ("bus_body", [box(-w, 0.3, w, h)]),
        ("glass", [box(-0.88 * w, 0.42 * h, 0.88 * w, 0.8 * h)]),
        ("board", [box(-0.6 * w, 0.85 * h, 0.6 * w, 0.95 * h)]),
        ("tail_light" if rear else "head_light", lamps),
    ]


def train_end(width: float, height: float) -> Shape:
    """Return a tram or train: a rounded nose, one large pane, a coloured band and a top light."""
    w, h = width / 2, height
    nose = np.array([(-w, 0.2), (w, 0.2), (w, 0.8 * h), (0.7 * w, h), (-0.7 * w, h), (-w, 0.8 * h)])
    pane = np.array([(-0.75 * w, 0.5 * h), (0.75 * w, 0.5 * h), (0.6 * w, 0.85 * h), (-0.6 * w, 0.85 * h)])
    lamps = [ellipse(x, 0.95, 0.3, 0.3, 6) for x in (-0.6 * w, 0.6 * w)] + [ellipse(0, 0.92 * h, 0.35, 0.25, 6)]
    return [
        ("train_body", [nose]),
        ("train_band", [box(-w, 0.3 * h, w, 0.42 * h)]),
        ("glass", [pane]),
        ("bumper", [box(-0.4, 0.2, 0.4, 0.6)]),
        ("head_light", lamps),
    ]


def traffic_light(rng: np.random.Generator) -> Shape:
    """Return a traffic light with one lamp lit; y = 0 is its lower edge."""
    lit = int(rng.integers(3))
    lamp = ("signal_red", "signal_amber", "signal_green")[lit]
    others = [ellipse(0, 0.9 - 0.3 * k, 0.24, 0.24, 6) for k in range(3) if k != lit]
    return [
        ("signal_box", [box(-0.24, 0.05, 0.24, 1.15)]),
        ("signal_off", others),
        (lamp, [ellipse(0, 0.9 - 0.3 * lit, 0.3, 0.3, 6)]),
    ]


def traffic_sign(rng: np.random.Generator) -> Shape:
    """Return a traffic sign: disc, triangle or rectangle; y = 0 is its lower edge."""
    kind = rng.integers(3)
    if kind == 0:
        return [("sign_border", [ellipse(0, 0.45, 0.9, 0.9)]), ("sign_face", [ellipse(0, 0.45, 0.58, 0.58)])]
    if kind == 1:
        outer = np.array([(-0.55, 0.0), (0.55, 0.0), (0.0, 0.95)])
        return [("sign_border", [outer]), ("sign_face", [outer * 0.55 + [0, 0.16]])]
    return [("sign_panel", [box(-0.6, 0.0, 0.6, 0.85)]), ("sign_face", [box(-0.4, 0.36, 0.4, 0.52)])]


def tree(rng: np.random.Generator, height: float) -> Shape:
    """Return a tree: a trunk and a crown of overlapping blobs, some of them lighter."""
    crown = rng.uniform(0.55, 0.8) * height
    spread = rng.uniform(0.45, 0.75) * crown
    blobs = [
        ellipse(
            *rng.normal((0, height - 0.55 * crown), (0.3 * spread, 0.2 * crown)), *rng.uniform(0.5, 0.9, 2) * spread, 9
        )
        for _ in range(7)
    ]
    trunk = [box(-0.15, 0, 0.15, height - 0.5 * crown)]
    return [
        ("trunk", trunk),
        ("foliage", blobs[:4]),
        ("foliage_lit", [0.75 * (b - b.mean(0)) + b.mean(0) for b in blobs[4:]]),
    ]


def bush(rng: np.random.Generator) -> Shape:
    """Return a low shrub."""
    blobs = [ellipse(rng.normal(0, 0.6), rng.uniform(0.2, 0.6), *rng.uniform(0.8, 1.5, 2), 8) for _ in range(4)]
    return [("foliage", blobs[:3]), ("foliage_lit", blobs[3:])]
