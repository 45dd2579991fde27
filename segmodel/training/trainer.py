"""One training iteration of a model, and everything that a later iteration depends on."""

from collections import Counter, deque
from dataclasses import dataclass, field

import numpy as np
import torch
from mmengine.dist import get_rank
from mmseg.models import BaseSegmentor

from segmodel.options import Precision
from segmodel.training.optimisation import set_learning_rate
from segmodel.training.parallel import mean_of_all, shared

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass
class Progress:
    """Where a training stands.

    There is no generator and no data position to keep: both follow from the seed and ``iteration``.
    """

    iteration: int = 0
    seen: Counter = field(default_factory=Counter)  # samples by origin
    losses: deque = field(default_factory=lambda: deque(maxlen=50))  # of the last iterations

    @property
    def loss(self) -> float:
        """Mean loss of the last iterations."""
        return sum(self.losses) / len(self.losses)

    def state(self) -> dict:
        """Return plain values that ``restored`` reads."""
        return {"iteration": self.iteration, "seen": dict(self.seen), "losses": list(self.losses)}

    @classmethod
    def restored(cls, state: dict) -> "Progress":
        """Return the progress that ``state`` returned."""
        return cls(state["iteration"], Counter(state["seen"]), deque(state["losses"], maxlen=50))


class Trainer:
    """A model with its optimiser, on the accelerator where there is one; on several, each has its part of the batch."""

    def __init__(self, model: BaseSegmentor, optimiser: torch.optim.Optimizer, precision: Precision, seed: int) -> None:
        """Move the model to the device.

        Raises:
            SystemExit: fp16 without a GPU, where its gradients cannot be scaled.
        """
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if precision == "fp16" and self.device.type == "cpu":
            raise SystemExit("precision fp16 needs a GPU, and this machine has none; set precision: bf16 or fp32")
        self.model, self.optimiser, self.seed = model.to(self.device).train(), optimiser, seed
        self.shared = shared(self.model)
        self.dtype = _DTYPES[precision]
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=precision == "fp16")

    def step(self, batch: dict, iteration: int, learning_rate_factor: float) -> float:
        """Make one update from a collated batch of ``TrainingStream`` (this process's part) and return its loss.

        Raises:
            SystemExit: the loss is not finite.
        """
        # Dropout draws from torch's global generator: its state is that of the iteration, resumed or not.
        entropy = (self.seed, 2, iteration, get_rank()) if get_rank() else (self.seed, 2, iteration)
        torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1)[0]))
        set_learning_rate(self.optimiser, learning_rate_factor)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            losses = self.shared(**self.model.data_preprocessor(batch, training=True), mode="loss")
        loss, _ = self.model.parse_losses(losses)
        mean = mean_of_all(loss)
        if not torch.isfinite(mean):
            raise SystemExit(f"the loss is {mean.item()} at iteration {iteration}; lower learning_rate or use fp32")
        self.optimiser.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return mean.item()

    def state(self) -> dict:
        """Return the state dictionaries of model, optimiser and gradient scaler."""
        return {part: getattr(self, part).state_dict() for part in ("model", "optimiser", "scaler")}

    def restore(self, state: dict) -> None:
        """Take up what ``state`` returned."""
        for part in ("model", "optimiser", "scaler"):
            getattr(self, part).load_state_dict(state[part])
