"""Seeds: every random draw derives from the configuration's single seed."""

import hashlib

import numpy as np


def derive_seed(seed: int, purpose: str, index: int = 0) -> int:
    """Return the 63-bit seed of item ``index`` of ``purpose``, independent of process, machine and other items."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def derive_rng(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return the random generator of item ``index`` of ``purpose``."""
    return np.random.default_rng(derive_seed(seed, purpose, index))
