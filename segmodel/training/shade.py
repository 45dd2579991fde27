"""SHADE in a training (Zhao et al., ECCV 2022): which styles it hallucinates, and when they are selected again."""

import logging

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from mmengine.dataset import pseudo_collate
from mmseg.models import BaseSegmentor
from torch import Tensor
from tqdm import tqdm

from segmodel.files import progress
from segmodel.models.segmentor import Segmentor, StyleConsistency
from segmodel.training.data import SourceCrops, TrainingStream
from segmodel.training.loading import loaded
from segmodel.training.options import ShadeOptions, TrainOptions

log = logging.getLogger("segmodel")


class Shade:
    """Style hallucination of a network, with prototypes from a stream's source images."""

    def __init__(
        self,
        network: BaseSegmentor,
        stream: TrainingStream,
        options: ShadeOptions,
        training: TrainOptions,
        accelerator: Accelerator,
    ) -> None:
        """Add hallucination and losses to the network.

        Raises:
            SystemExit: SHADE does not work with the network, or not with these options.
        """
        if not isinstance(network, Segmentor):
            raise SystemExit(
                f"shade works with models of type Segmentor or HRDASegmentor, not {type(network).__name__}: "
                "set shade: null in the training set, or leave this model out"
            )
        if options.backward == "separate" and accelerator.num_processes > 1:
            raise SystemExit("shade.backward: separate works with one process; set backward: shared or processes: 1")
        self.network, self.stream, self.options, self.training = network, stream, options, training
        self.accelerator = accelerator
        consistency = StyleConsistency(
            weight=options.consistency_weight,
            full_size=options.logits == "full",
            mse_weight=options.mse_weight if options.retrospection == "mse" else None,
        )
        hallucination = network.hallucinate(consistency, options.styles, options.concentration)
        self.hallucination = hallucination.to(accelerator.device)

    def refresh(self, iteration: int) -> None:
        """Select the prototypes again if that is due before an iteration (from 0)."""
        if iteration % self.options.refresh_every:
            return
        vectors = self.style_vectors(iteration)
        rng = np.random.default_rng((self.stream.seed, 5, iteration))
        self.hallucination.select_prototypes(vectors, first=int(rng.integers(len(vectors))))
        if self.accelerator.is_main_process:
            chosen = len(self.hallucination.means)
            log.info("step %d: selected %d styles from %d source images", iteration, chosen, len(vectors))

    def style_vectors(self, iteration: int) -> Tensor:
        """Return the first-stage style (M, 2 C) of a crop of each of the M source images, on the CPU."""
        rank, processes = self.accelerator.process_index, self.accelerator.num_processes
        crops = SourceCrops(self.stream, iteration)
        self.network.eval()
        own = torch.cat([self._vectors_of(batch) for batch in self._batches(crops, rank, processes)])
        self.network.train()
        vectors = own.new_empty(len(crops), own.shape[1])
        for other, part in enumerate(gather_object([own])):
            vectors[other::processes] = part
        return vectors

    def _batches(self, crops: SourceCrops, rank: int, processes: int) -> tqdm:
        positions, size = range(rank, len(crops), processes), self.training.batch_size // processes
        batches = [positions[first : first + size] for first in range(0, len(positions), size)]
        stream = loaded(crops, batches, self.training.workers, pseudo_collate)
        options = {"total": len(batches), "unit": "batch", "leave": False, "disable": rank > 0}
        return progress("styles of the source", iterable=stream, **options)

    def _vectors_of(self, batch: dict) -> Tensor:
        inputs = self.network.data_preprocessor(batch, training=True)["inputs"]  # (N, 3, H, W)
        return self.hallucination.style_vectors(self.network.context(inputs)).cpu()

    def state_dict(self) -> dict[str, Tensor]:
        """Return the prototypes."""
        return self.hallucination.state_dict()

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore the prototypes."""
        self.hallucination.load_state_dict(state)
