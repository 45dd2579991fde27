"""Seeds: every random draw derives from the configuration's one seed."""

import hashlib

import numpy as np


def derive_seed(seed: int, purpose: str, index: int = 0) -> int:
    """Return the 63-bit seed of item ``index`` of ``purpose``.

    The same three values give the same seed in every process and on every machine, so an item does not depend on
    which job makes it, nor on the items made before it.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def derive_rng(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return numpy's generator for item ``index`` of ``purpose``."""
    return np.random.default_rng(derive_seed(seed, purpose, index))
