"""Time of counting one prediction of 2 megapixels, ours and mmsegmentation's: python benchmarks/evaluation.py.

The same label map (19 classes in patches, 5 % ignored) and the same prediction, on one core; the best of five runs.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from mmseg.evaluation import IoUMetric

from segmodel.metrics import confusion_matrix

torch.set_num_threads(1)
HEIGHT, WIDTH = 1024, 2048


def best_of(runs: int, call: Callable[[], object]) -> float:
    """Return the shortest time of a call in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


chance = np.random.default_rng(0)
label = np.kron(chance.integers(0, 19, (HEIGHT // 32, WIDTH // 32)), np.ones((32, 32))).astype(np.uint8)
label[chance.random(label.shape) < 0.05] = 255
wrong = chance.random(label.shape) < 0.3
prediction = np.where(wrong | (label == 255), chance.integers(0, 19, label.shape), label)  # int64, as argmax gives it
label_tensor, prediction_tensor = torch.from_numpy(label.astype(np.int64)), torch.from_numpy(prediction)


def theirs() -> tuple:
    """Count as ``IoUMetric`` does: areas of intersection, union, prediction and label."""
    return IoUMetric.intersect_and_union(prediction_tensor, label_tensor, 19, 255)


counts = confusion_matrix(label, prediction, 19)
intersection, union, _, _ = theirs()
assert np.array_equal(np.diag(counts), intersection.numpy())
assert np.array_equal(counts.sum(0) + counts.sum(1) - np.diag(counts), union.numpy())
slow, fast = best_of(5, theirs), best_of(5, lambda: confusion_matrix(label, prediction, 19))
print(f"IoUMetric        {1e3 * slow:7.1f} ms")
print(f"confusion_matrix {1e3 * fast:7.1f} ms, {slow / fast:.1f} times as fast, and it has the whole matrix")
