"""What stands where: a street as an ordered list of things, far to near, free of any colour."""

from dataclasses import dataclass, field

import numpy as np
from cityscapesscripts.helpers.labels import name2label

from dginstyle.miniworld import shapes
from dginstyle.miniworld.buildings import building_row
from dginstyle.miniworld.geometry import HEIGHT, WIDTH, Camera, box

FAR = 110.0  # metres: the end of the street


@dataclass(frozen=True)
class StreetStatistics:
    """Statistics of a domain's layouts; counts are Poisson means a scene, shares are probabilities."""

    horizon: tuple[float, float] = (0.42, 0.5)
    field_of_view: tuple[float, float] = (62.0, 76.0)  # degrees, horizontal
    camera_height: tuple[float, float] = (1.5, 1.9)
    road_half_width: tuple[float, float] = (4.0, 6.5)
    sidewalk_width: tuple[float, float] = (1.8, 3.5)
    building_height: tuple[float, float] = (6.0, 22.0)
    building_share: float = 0.85
    verge_share: float = 0.45  # a strip of terrain beside the sidewalk
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
        tint: seed of what is particular to this one (colour of a car, of a coat).
        parts: drawn in order.
    """

    label: int
    depth: float
    tint: int
    parts: list[Part]


@dataclass
class Layout:
    """A street: the camera and the things in drawing order."""

    camera: Camera
    road_half_width: float
    sidewalk_width: float
    things: list[Thing] = field(default_factory=list)


def draw_layout(statistics: StreetStatistics, rng: np.random.Generator) -> Layout:
    """Draw a street from a domain's statistics."""
    field_of_view = np.deg2rad(rng.uniform(*statistics.field_of_view))
    camera = Camera(
        focal=WIDTH / 2 / np.tan(field_of_view / 2),
        horizon=HEIGHT * rng.uniform(*statistics.horizon),
        centre=WIDTH * rng.uniform(0.38, 0.62),
        height=rng.uniform(*statistics.camera_height),
    )
    layout = Layout(camera, rng.uniform(*statistics.road_half_width), rng.uniform(*statistics.sidewalk_width))
    _add_backdrop(layout, rng)
    _add_ground(layout, statistics, rng)
    _add_plots(layout, statistics, rng)
    standing = [*_furniture(layout, statistics, rng), *_traffic(layout, statistics, rng), *_people(layout, statistics, rng)]
    layout.things += sorted(standing, key=lambda thing: -thing.depth)
    if rng.random() < statistics.bonnet_share:
        layout.things.append(_bonnet(rng))
    return layout


def thing(name: str, depth: float, rng: np.random.Generator, parts: list[Part]) -> Thing:
    """Make a thing of the Cityscapes class ``name``."""
    return Thing(name2label[name].id, depth, int(rng.integers(2**31)), parts)


def standing(camera: Camera, name: str, shape: shapes.Shape, x: float, z: float, rng, base: float = 0.0, mirror=False) -> Thing:
    """Stand a flat shape at (x, base, z)."""
    sign = (-1.0 if mirror else 1.0, 1.0)
    parts = [Part(material, [camera.billboard(p * sign, x, z, base) for p in polygons]) for material, polygons in shape]
    return thing(name, z, rng, parts)


def _add_backdrop(layout: Layout, rng: np.random.Generator) -> None:
    """The end of the street: a skyline of blocks or a line of trees."""
    camera = layout.camera
    if rng.random() < 0.5:
        for x in np.arange(-70, 70, 9.0):
            height = rng.uniform(6, 22)
            block = [camera.billboard(box(-5, 0, 5, height), x, FAR)]
            layout.things.append(thing("building", FAR, rng, [Part("facade_front", block)]))
    else:
        for x in np.arange(-80, 80, 7.0):
            crown = shapes.ellipse(0, 3, rng.uniform(9, 14), rng.uniform(8, 16))
            layout.things.append(thing("vegetation", FAR, rng, [Part("foliage", [camera.billboard(crown, x, FAR)])]))


def strip(camera: Camera, left: float, right: float, near: float = 2.0, far: float = FAR) -> np.ndarray:
    """A strip of ground between two lateral distances."""
    return camera.project(np.array([(left, 0, near), (left, 0, far), (right, 0, far), (right, 0, near)]))


def _add_ground(layout: Layout, statistics: StreetStatistics, rng: np.random.Generator) -> None:
    """Terrain, road with its marks, side walks, verges, rails."""
    camera, road = layout.camera, layout.road_half_width
    add = layout.things.append
    add(thing("terrain", 20, rng, [Part("terrain", [strip(camera, -150, 150)])]))
    outer = road + layout.sidewalk_width
    for side in (-1, 1):
        paving = strip(camera, side * road, side * outer)
        kerb = strip(camera, side * road, side * (road + 0.18))
        add(thing("sidewalk", 12, rng, [Part("sidewalk", [paving]), Part("kerb", [kerb])]))
        if rng.random() < statistics.verge_share:
            inner = outer - 0.45 * layout.sidewalk_width
            add(thing("terrain", 12, rng, [Part("terrain", [strip(camera, side * inner, side * outer)])]))
    lane = [strip(camera, -0.09, 0.09, z, z + 2.2) for z in np.arange(rng.uniform(3, 7), 70, 6.0)]
    edges = [strip(camera, side * (road - 0.45), side * (road - 0.3)) for side in (-1, 1)] if rng.random() < 0.4 else []
    crossing = []
    if rng.random() < 0.35:
        z = rng.uniform(8, 22)
        crossing = [strip(camera, x, x + 0.5, z, z + 3.5) for x in np.arange(-road + 0.3, road - 0.5, 1.0)]
    parts = [Part("road", [strip(camera, -road, road, 0.8)]), Part("marking", lane + edges + crossing)]
    add(thing("road", 8, rng, parts))


def _add_plots(layout: Layout, statistics: StreetStatistics, rng: np.random.Generator) -> None:
    """What lines the street on either side: buildings, trees in the gaps, fences and walls."""
    camera = layout.camera
    line = layout.road_half_width + layout.sidewalk_width
    for side in (-1, 1):
        setback = line + rng.choice([0.3, 1.5, 4.0])
        heights = statistics.building_height
        rows = building_row(camera, side * setback, side * (setback + 14), heights, statistics.building_share, FAR, rng)
        for depth, parts in rows:
            layout.things.append(thing("building", depth, rng, [Part(*part) for part in parts]))
        for z in sorted(rng.uniform(8, 60, rng.poisson(statistics.trees / 2)), reverse=True):
            x = side * (setback + rng.uniform(-0.2, 2.5))
            layout.things.append(standing(camera, "vegetation", shapes.tree(rng, rng.uniform(4, 9)), x, z, rng))
        if rng.random() < statistics.barrier_share:
            _add_barrier(layout, side * (line + 0.1), rng)


def _add_barrier(layout: Layout, x: float, rng: np.random.Generator) -> None:
    """A fence of slats or a solid wall along a plot."""
    start = rng.uniform(5, 25)
    z = np.arange(start, min(start + rng.uniform(12, 35), 80), 4.0)[::-1]
    is_fence, height = rng.random() < 0.6, rng.uniform(1.0, 2.0)
    tint = rng.integers(2**31)
    for near in z:
        outline = layout.camera.upright(x, [near, near + 4, near + 4, near], [0, 0, height, height])
        if is_fence:
            posts = near + np.arange(0.0, 4.0, 0.55)
            bars = [layout.camera.upright(x, [p, p + 0.25, p + 0.25, p], [0, 0, height, height]) for p in posts]
            parts, name = [Part("fence_gap", [outline]), Part("fence", bars)], "fence"
        else:
            cap = layout.camera.upright(x, [near, near + 4, near + 4, near], [0.86 * height, 0.86 * height, height, height])
            parts, name = [Part("wall", [outline]), Part("wall_cap", [cap])], "wall"
        layout.things.append(Thing(name2label[name].id, float(near), int(tint), parts))


def _furniture(layout: Layout, statistics: StreetStatistics, rng: np.random.Generator) -> list[Thing]:
    """Poles, lamps, signs, signals, street trees and shrubs on the side walks."""
    camera, edge = layout.camera, layout.road_half_width + 0.4
    things = []

    def place(near: float = 7, far: float = 45) -> tuple[float, float, int]:
        side = int(rng.choice([-1, 1]))
        return side * (edge + rng.uniform(0, 0.4)), rng.uniform(near, far), side

    for _ in range(rng.poisson(statistics.poles)):
        x, z, side = place()
        height = rng.uniform(5, 8)
        arm = [box(-0.09, 0, 0.09, height), shapes.stroke((0, height), (-side * 1.6, height + 0.2), 0.14)]
        lamp = [box(-side * 1.9 - 0.3, height + 0.1, -side * 1.9 + 0.3, height + 0.3)]
        things.append(standing(camera, "pole", [("pole", arm), ("lamp", lamp)], x, z, rng))
    for name, make, mean in (
        ("traffic light", shapes.traffic_light, statistics.traffic_lights),
        ("traffic sign", shapes.traffic_sign, statistics.traffic_signs),
    ):
        for _ in range(rng.poisson(mean)):
            x, z, _ = place(6, 26)
            base = rng.uniform(2.1, 3.0)
            things.append(standing(camera, "pole", [("pole", [box(-0.07, 0, 0.07, base + 0.5)])], x, z + 0.02, rng))
            things.append(standing(camera, name, make(rng), x, z, rng, base))
    for _ in range(rng.poisson(statistics.trees / 2)):
        x, z, side = place(8, 45)
        things.append(standing(camera, "vegetation", shapes.tree(rng, rng.uniform(4, 7)), x + side, z, rng))
    for _ in range(rng.poisson(statistics.bushes)):
        x, z, side = place(8, 40)
        things.append(standing(camera, "vegetation", shapes.bush(rng), x + side * layout.sidewalk_width, z, rng))
    return things


def _vehicle(layout: Layout, kind: str, x: float, z: float, rng: np.random.Generator) -> Thing:
    """A four-wheeled vehicle or train: the flank that the camera sees, then the end that faces it."""
    width, height, length = {
        "car": (1.8, rng.uniform(1.4, 1.75), 4.2),
        "truck": (2.5, rng.uniform(3.0, 3.8), 7.5),
        "bus": (2.5, rng.uniform(2.9, 3.3), 10.0),
        "train": (2.6, 3.5, 24.0),
    }[kind]
    rear = x > 0  # right-hand traffic: those on our side drive away from us
    flank, glass, body = {
        "car": (0.6, (0.6, 0.93), "car_body"),
        "truck": (1.0, None, "cargo"),
        "bus": (1.0, (0.42, 0.8), "bus_body"),
        "train": (1.0, (0.45, 0.8), "train_body"),
    }[kind]
    side_x = x - np.sign(x) * width / 2
    bottom = {"car": 0.2, "truck": 0.7}.get(kind, 0.3)

    def panel(start: float, end: float, low: float, high: float) -> np.ndarray:
        z_start, z_end = z + start * length, z + end * length
        return layout.camera.upright(side_x, [z_start, z_end, z_end, z_start], [low, low, high, high])

    parts = [Part("shadow", [layout.camera.project(np.array([(x + s * width * 0.56, 0.0, z + d) for s, d in ((-1, -0.2), (1, -0.2), (1, length), (-1, length))]))])]
    parts.append(Part("tyre", [panel(0.1, 0.25, 0, 0.6), panel(0.75, 0.9, 0, 0.6)]))
    parts.append(Part(f"{body}_side", [panel(0, 1, bottom, flank * height)]))
    if kind == "car":
        cabin = layout.camera.upright(side_x, z + length * np.array([0.05, 0.85, 0.7, 0.15]), height * np.array([0.58, 0.58, 1, 1]))
        parts.append(Part("car_body_side", [cabin]))
    if glass:
        panes = np.linspace(0.06, 0.94, {"car": 3, "bus": 6, "train": 12}[kind])
        windows = [panel(a + 0.01, b - 0.01, glass[0] * height, glass[1] * height) for a, b in zip(panes, panes[1:], strict=False)]
        parts.append(Part("glass", windows))
    end = {
        "car": lambda: shapes.car_end(rear, width, height),
        "truck": lambda: shapes.truck_end(rear, width, height),
        "bus": lambda: shapes.bus_end(rear, width, height),
        "train": lambda: shapes.train_end(width, height),
    }[kind]()
    parts += [Part(material, [layout.camera.billboard(p, x, z) for p in polygons]) for material, polygons in end]
    return thing(kind, z, rng, parts)


def _traffic(layout: Layout, statistics: StreetStatistics, rng: np.random.Generator) -> list[Thing]:
    """Vehicles in the two lanes and along the kerbs; no two in one place."""
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


def _people(layout: Layout, statistics: StreetStatistics, rng: np.random.Generator) -> list[Thing]:
    """Pedestrians, two-wheelers, and their riders."""
    camera, road = layout.camera, layout.road_half_width
    things = []
    for _ in range(rng.poisson(statistics.persons)):
        crossing = rng.random() < 0.15
        x = rng.uniform(-road, road) if crossing else rng.choice([-1, 1]) * (road + rng.uniform(0.4, layout.sidewalk_width))
        shape = shapes.person(rng, rng.uniform(1.5, 1.9))
        things.append(standing(camera, "person", shape, x, rng.uniform(6.5, 30), rng, mirror=rng.random() < 0.5))
    for name, make, saddle, mean in (
        ("motorcycle", shapes.motorcycle, 0.85, statistics.motorcycles),
        ("bicycle", shapes.bicycle, 0.95, statistics.bicycles),
    ):
        for _ in range(rng.poisson(mean)):
            ridden, mirror = rng.random() < statistics.ridden, rng.random() < 0.5
            x = rng.choice([-1, 1]) * (road - rng.uniform(0.5, 2.0) if ridden else road + rng.uniform(0.3, 1.2))
            z = rng.uniform(6, 20)
            things.append(standing(camera, name, make(), x, z, rng, mirror=mirror))
            if ridden:
                things.append(standing(camera, "rider", shapes.rider_on(rng, saddle), x, z - 0.02, rng, mirror=mirror))
    return things


def _bonnet(rng: np.random.Generator) -> Thing:
    """The bonnet of the camera's own car."""
    rise = rng.uniform(3, 6)
    outline = np.array([(-2, HEIGHT + 2), (8, HEIGHT - 0.5 * rise), (WIDTH / 2, HEIGHT - rise), (WIDTH - 8, HEIGHT - 0.5 * rise)])
    outline = np.concatenate([outline, [(WIDTH + 2, HEIGHT + 2)]])
    return thing("ego vehicle", 1.0, rng, [Part("bonnet", [outline])])
