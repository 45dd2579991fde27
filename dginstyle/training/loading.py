"""Batches from data loading processes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from dginstyle.training.interruption import outlive_termination


def loaded(
    samples: Dataset, batches: Sequence[Sequence[int]], workers: int, collate: Callable[[list], Any] = default_collate
) -> Iterator[Any]:
    """Yield batches of samples, in pinned memory if there is a GPU.

    Args:
        samples: maps a position to a sample.
        batches: positions of each batch.
        workers: data loading processes; 0 loads in this one.
        collate: joins the samples of a batch.

    Raises:
        SystemExit: a sample raised it, in whichever process.
        RuntimeError: a process was killed.
    """
    loader = DataLoader(
        Caught(samples),
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=Joined(collate),
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=outlive_termination,
    )
    try:
        for batch in loader:
            if isinstance(batch, SystemExit):
                raise batch
            yield batch
    except (ConnectionError, EOFError) as error:  # a process has died while it sent a batch
        raise RuntimeError(f"DataLoader worker exited unexpectedly ({error})") from None


class Caught(Dataset):
    """A data set that returns a sample's SystemExit, which would end a data loading process without its message."""

    def __init__(self, samples: Dataset) -> None:
        """Wrap a data set."""
        self.samples = samples

    def __getitem__(self, position: int) -> Any:
        """Return a sample or the error that it raised."""
        try:
            return self.samples[position]
        except SystemExit as error:
            return error


class Joined:
    """Joins the samples of a batch, or returns the first error among them."""

    def __init__(self, collate: Callable[[list], Any]) -> None:
        """Use ``collate`` for batches without errors."""
        self.collate = collate

    def __call__(self, samples: list) -> Any:
        """Return a batch or an error."""
        errors = [sample for sample in samples if isinstance(sample, SystemExit)]
        return errors[0] if errors else self.collate(samples)
