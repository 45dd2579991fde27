"""How each publisher packs a data set: package names, folders, file formats and label ids."""

from dginstyle.miniworld.publishers.acdc import pack_acdc
from dginstyle.miniworld.publishers.bdd100k import pack_bdd100k
from dginstyle.miniworld.publishers.cityscapes import pack_cityscapes
from dginstyle.miniworld.publishers.dark_zurich import pack_dark_zurich
from dginstyle.miniworld.publishers.gta import pack_gta
from dginstyle.miniworld.publishers.mapillary import pack_mapillary

PUBLISHERS = {
    "gta": pack_gta,
    "cityscapes": pack_cityscapes,
    "bdd100k": pack_bdd100k,
    "mapillary": pack_mapillary,
    "acdc": pack_acdc,
    "dark_zurich": pack_dark_zurich,
}
"""Adapter name to the function from (options, seed) to a stream of :class:`Entry`."""

__all__ = ["PUBLISHERS"]
