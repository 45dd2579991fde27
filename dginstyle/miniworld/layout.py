"""Street layouts: an ordered list of things, far to near, without colours."""

import numpy as np
from cityscapesscripts.helpers.labels import name2label

from dginstyle.miniworld import shapes
from dginstyle.miniworld.buildings import building_row
from dginstyle.miniworld.geometry import HEIGHT, WIDTH, Camera, box
from dginstyle.miniworld.street import FAR, Layout, Part, StreetStatistics, Thing, standing, strip, thing
from dginstyle.miniworld.traffic import draw_traffic


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
    upright = [
        *_furniture(layout, statistics, rng),
        *draw_traffic(layout, statistics, rng),
        *_people(layout, statistics, rng),
    ]
    layout.things += sorted(upright, key=lambda thing: -thing.depth)
    if rng.random() < statistics.bonnet_share:
        layout.things.append(_bonnet(rng))
    return layout


def _add_backdrop(layout: Layout, rng: np.random.Generator) -> None:
    """Add the end of the street: a skyline of blocks or a line of trees."""
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


def _add_ground(layout: Layout, statistics: StreetStatistics, rng: np.random.Generator) -> None:
    """Add terrain, sidewalks, verges, and the road with its markings."""
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
    """Add buildings, trees, fences and walls on both sides of the street."""
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
    """Add a fence of slats or a solid wall along a plot."""
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
            cap = layout.camera.upright(
                x, [near, near + 4, near + 4, near], [0.86 * height, 0.86 * height, height, height]
            )
            parts, name = [Part("wall", [outline]), Part("wall_cap", [cap])], "wall"
        layout.things.append(Thing(name2label[name].id, float(near), int(tint), parts))


def _furniture(layout: Layout, statistics: StreetStatistics, rng: np.random.Generator) -> list[Thing]:
    """Draw street lamps, signs, traffic lights, trees and shrubs on the sidewalks."""
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


def _people(layout: Layout, statistics: StreetStatistics, rng: np.random.Generator) -> list[Thing]:
    """Draw pedestrians, two-wheelers and their riders."""
    camera, road = layout.camera, layout.road_half_width
    things = []
    for _ in range(rng.poisson(statistics.persons)):
        crossing = rng.random() < 0.15
        x = (
            rng.uniform(-road, road)
            if crossing
            else rng.choice([-1, 1]) * (road + rng.uniform(0.4, layout.sidewalk_width))
        )
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
    outline = np.array(
        [(-2, HEIGHT + 2), (8, HEIGHT - 0.5 * rise), (WIDTH / 2, HEIGHT - rise), (WIDTH - 8, HEIGHT - 0.5 * rise)]
    )
    outline = np.concatenate([outline, [(WIDTH + 2, HEIGHT + 2)]])
    return thing("ego vehicle", 1.0, rng, [Part("bonnet", [outline])])
