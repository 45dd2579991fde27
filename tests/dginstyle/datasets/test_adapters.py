"""Label spaces of the publishers."""

import numpy as np
import pytest

from dginstyle.datasets.mapillary import MAPILLARY
from dginstyle.datasets.registry import adapter_named
from dginstyle.labels import ID_TO_TRAIN_ID, IGNORE

# docs/method.md §1
VISTAS = {13: 0, 24: 0, 41: 0, 2: 1, 15: 1, 17: 2, 6: 3, 3: 4, 45: 5, 47: 5, 48: 6, 50: 7, 30: 8, 29: 9, 27: 10}
VISTAS |= {19: 11, 20: 12, 21: 12, 22: 12, 55: 13, 61: 14, 54: 15, 58: 16, 57: 17, 52: 18}


def test_gta_and_cityscapes_use_the_cityscapes_map_and_vistas_its_own():
    np.testing.assert_array_equal(adapter_named("gta").train_ids, ID_TO_TRAIN_ID)
    np.testing.assert_array_equal(adapter_named("cityscapes").train_ids, ID_TO_TRAIN_ID)
    assert {i: int(t) for i, t in enumerate(MAPILLARY.train_ids) if t != IGNORE} == VISTAS


@pytest.mark.parametrize("adapter", ["bdd100k", "acdc", "dark_zurich"])
def test_labels_that_are_train_ids_are_unchanged(adapter):
    assert adapter_named(adapter).train_ids.tolist() == [*range(19), *[IGNORE] * 237]
