"""The state of a training."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from diffusers import ModelMixin
from diffusers.training_utils import EMAModel
from torch import Tensor

from dginstyle.training.accelerator import Losses


@dataclass
class Run:
    """The state of a training.

    Attributes:
        losses: of the steps that `collect` has not seen yet.
        class_pixels: pixels by trainId seen by all processes up to the last `collect`.
        uncounted: those seen by this process since then.
    """

    accelerator: Accelerator
    network: ModelMixin
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LambdaLR
    step: int
    losses: Losses
    class_pixels: Tensor
    uncounted: Tensor
    average: EMAModel | None = None

    def collect(self) -> list[tuple[int, float]]:
        """Return the losses of the steps since the last time, and add their pixels to ``class_pixels``.

        All processes call this after the same step; it waits for the GPU.
        """
        self.class_pixels = summed(self.class_pixels, self.accelerator.reduce(self.uncounted))
        self.uncounted = torch.zeros_like(self.uncounted)
        return self.losses.read()

    def state(self) -> dict[str, Any]:
        """Return the resumable state; random draws derive from the step."""
        scaler = self.accelerator.scaler
        return {
            "step": self.step,
            "network": self.accelerator.unwrap_model(self.network).state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": scaler.state_dict() if scaler else None,
            "class_pixels": self.class_pixels.cpu(),
            "average": self.average.state_dict() if self.average else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        self.step = state["step"]
        self.accelerator.unwrap_model(self.network).load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        if self.accelerator.scaler:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.class_pixels = state["class_pixels"].to(self.accelerator.device)
        if self.average:
            self.average.shadow_params = state["average"].pop("shadow_params")  # load_state_dict would copy them
            self.average.load_state_dict(state["average"])

    @contextmanager
    def evaluated(self) -> Iterator[ModelMixin]:
        """Yield the network in evaluation mode with the averaged weights, if any; restore it afterwards."""
        network = self.accelerator.unwrap_model(self.network)
        if self.average:
            self.average.store(trained(network))
            self.average.copy_to(trained(network))
        yield network.eval()
        network.train()
        if self.average:
            self.average.restore(trained(network))


def trained(network: ModelMixin) -> list[Tensor]:
    """Return the trainable parameters."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def summed(total: Tensor, counts: Tensor) -> Tensor:
    """Return the sum of counts, either of which may be empty."""
    return total + counts if total.numel() and counts.numel() else counts if counts.numel() else total
