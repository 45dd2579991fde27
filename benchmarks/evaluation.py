"""Time confusion matrices of 2 megapixels, ours and mmsegmentation's; measure memory of predicting 22 megapixels.

Command: python -m benchmarks.evaluation. The same label map (19 classes in patches, 5 % ignored) and the same
prediction, on one core; the best of five runs. Memory is the increase of the process's peak.
"""

import resource
import time
from collections.abc import Callable

import numpy as np
import torch
from mmseg.evaluation import IoUMetric

from segmodel.evaluation.metrics import confusion_matrix
from segmodel.windows import resized_prediction

torch.set_num_threads(1)
HEIGHT, WIDTH = 1024, 2048
LARGE = (4000, 5500)  # as the largest images of Mapillary Vistas


def best_of(runs: int, call: Callable[[], object]) -> float:
    """Return the shortest time of a call in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def peak_memory() -> float:
    """Return the peak memory of the process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


rng = np.random.default_rng(0)
label = np.kron(rng.integers(0, 19, (HEIGHT // 32, WIDTH // 32)), np.ones((32, 32))).astype(np.uint8)
label[rng.random(label.shape) < 0.05] = 255
wrong = rng.random(label.shape) < 0.3
prediction = np.where(wrong | (label == 255), rng.integers(0, 19, label.shape), label)  # int64, as argmax gives it
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

logits, large_label = torch.randn(19, 512, 704), np.zeros(LARGE, np.uint8)
before = peak_memory()
confusion_matrix(large_label, resized_prediction(logits, LARGE).numpy(), 19)
everything = 19 * 4 * LARGE[0] * LARGE[1] / 2**20
taken = peak_memory() - before
print(f"22 megapixels    {taken:7.0f} MB to resize and count; the logits of all classes would be {everything:.0f} MB")
