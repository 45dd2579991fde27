"""A scene of a domain: layout, appearance and caption."""

from dataclasses import dataclass

import numpy as np

from dginstyle.labels import CLASS_NAMES, ID_TO_TRAIN_ID
from dginstyle.miniworld.appearance import STYLES
from dginstyle.miniworld.camera import photograph
from dginstyle.miniworld.layout import draw_layout
from dginstyle.miniworld.painting import paint
from dginstyle.miniworld.street import StreetStatistics
from dginstyle.seeds import derive_rng

STREETS = {
    "source": StreetStatistics(),
    "prior": StreetStatistics(
        horizon=(0.38, 0.56),
        field_of_view=(52, 88),
        camera_height=(1.2, 2.4),
        road_half_width=(3.2, 8.0),
        sidewalk_width=(1.2, 5.0),
        building_height=(4, 30),
        building_share=0.75,
        traffic_lights=1.0,
        traffic_signs=1.3,
        trains=0.25,
        trucks=0.4,
        buses=0.4,
        motorcycles=0.5,
        bicycles=0.6,
    ),
    "cityscapes": StreetStatistics(
        horizon=(0.4, 0.47),
        field_of_view=(50, 58),
        camera_height=(1.2, 1.35),
        road_half_width=(3.5, 5.0),
        sidewalk_width=(2.0, 4.0),
        building_height=(10, 20),
        building_share=0.95,
        persons=6.0,
        parked_cars=4.5,
        moving_cars=1.4,
        bicycles=0.9,
        motorcycles=0.3,
        trains=0.15,
        traffic_signs=1.6,
        bonnet_share=1.0,
    ),
    "bdd100k": StreetStatistics(
        horizon=(0.44, 0.54),
        field_of_view=(60, 72),
        camera_height=(1.3, 1.8),
        road_half_width=(6.0, 9.0),
        sidewalk_width=(1.2, 2.5),
        building_height=(5, 26),
        building_share=0.6,
        verge_share=0.6,
        persons=2.5,
        moving_cars=3.5,
        trucks=0.5,
        buses=0.3,
        trains=0.08,
        traffic_lights=1.5,
        bicycles=0.4,
        bonnet_share=0.3,
    ),
    "mapillary": StreetStatistics(
        horizon=(0.36, 0.55),
        field_of_view=(55, 90),
        camera_height=(1.1, 2.2),
        road_half_width=(3.0, 7.5),
        sidewalk_width=(1.0, 4.0),
        building_height=(3, 14),
        building_share=0.65,
        verge_share=0.7,
        barrier_share=0.6,
        trees=8.0,
        bushes=4.0,
        persons=4.0,
        motorcycles=0.8,
        bicycles=0.6,
        trains=0.12,
    ),
}
DOMAINS = tuple(STREETS)


@dataclass(frozen=True)
class Scene:
    """One rendered street.

    Attributes:
        image: (64, 128, 3) uint8 RGB.
        labels: (64, 128) uint8 of Cityscapes ids.
        weather: one of the five weathers, or ``clear``.
    """

    image: np.ndarray
    labels: np.ndarray
    weather: str

    @property
    def classes(self) -> str:
        """The names of the evaluated classes present, space-separated in trainId order."""
        present = np.unique(ID_TO_TRAIN_ID[self.labels])
        return " ".join(CLASS_NAMES[i] for i in present if i < len(CLASS_NAMES))

    @property
    def caption(self) -> str:
        """A sentence with the classes and the weather."""
        return f"A city street scene with {self.classes}, in {self.weather} weather."


def render_scene(domain: str, index: int, seed: int, appearance: str | None = None) -> Scene:
    """Render scene ``index`` of a domain.

    Args:
        domain: domain of layout and appearance, one of :data:`DOMAINS`.
        index: index of the scene; scenes are independent of one another.
        seed: the run's seed.
        appearance: another domain of the appearance; None: ``domain``.

    Raises:
        ValueError: unknown domain.
    """
    appearance = appearance or domain
    for name in (domain, appearance):
        if name not in STREETS:
            raise ValueError(f"unknown mini world domain {name!r}; known: {', '.join(DOMAINS)}")
    layout = draw_layout(STREETS[domain], derive_rng(seed, f"layout {domain}", index))
    rng = derive_rng(seed, f"appearance {appearance} of {domain}", index)
    style = STYLES[appearance](rng)
    image, labels = paint(layout, style, rng)
    return Scene(photograph(image, labels, layout.camera, style, rng), labels, style.weather)


def render_photo(index: int, seed: int) -> Scene:
    """Render photograph ``index`` of the prior's corpus: a 64×64 crop of a scene of the prior domain."""
    scene = render_scene("prior", index, seed)
    size = scene.image.shape[0]
    left = int(derive_rng(seed, "photograph", index).integers(0, scene.image.shape[1] - size + 1))
    window = np.s_[:, left : left + size]
    return Scene(scene.image[window], scene.labels[window], scene.weather)
