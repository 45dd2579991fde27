"""A training iteration, and the state that later iterations depend on."""

from collections import Counter, deque
from dataclasses import dataclass, field

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedType
from mmseg.models import BaseSegmentor
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor

from segmodel.devices import sent
from segmodel.training.optimisation import set_learning_rate
from segmodel.training.shade import Shade


@dataclass
class Progress:
    """Progress of a training; random state and data position follow from the seed and ``iteration``."""

    iteration: int = 0
    seen: Counter = field(default_factory=Counter)  # samples by origin
    losses: deque = field(default_factory=lambda: deque(maxlen=50))  # of the last iterations
    commits: list[str] = field(default_factory=list)  # of the code, in the order in which it trained

    @property
    def loss(self) -> float:
        """Mean loss of the last 50 iterations."""
        return sum(self.losses) / len(self.losses)

    def add(self, losses: list[float], origins: list[str]) -> None:
        """Add the losses of the last iterations and the origins of their samples, of all processes."""
        self.losses.extend(losses)
        self.seen.update(origins)

    def go_on_with(self, commit: str) -> None:
        """Note the commit of the code that takes the next iterations, if it is known."""
        if commit and commit not in self.commits:
            self.commits.append(commit)

    def state(self) -> dict:
        """Return plain values for ``restored``."""
        counted = {"iteration": self.iteration, "seen": dict(self.seen), "losses": list(self.losses)}
        return {**counted, "commits": self.commits}

    @classmethod
    def restored(cls, state: dict) -> "Progress":
        """Return the progress saved by ``state``."""
        losses = deque(state["losses"], maxlen=50)
        return cls(state["iteration"], Counter(state["seen"]), losses, list(state.get("commits", ())))


class Trainer:
    """A model and its optimiser, prepared by accelerate; each process gets its part of the batch."""

    def __init__(
        self,
        model: BaseSegmentor,
        optimiser: torch.optim.Optimizer,
        accelerator: Accelerator,
        seed: int,
        shade: Shade | None = None,
    ) -> None:
        """Move the model to the device, with synchronised batch norm on several GPUs."""
        if accelerator.distributed_type == DistributedType.MULTI_GPU:  # SyncBatchNorm needs GPUs
            model = torch.nn.SyncBatchNorm.convert_sync_batchnorm(model)
        self.model, self.accelerator, self.seed, self.shade = model.train(), accelerator, seed, shade
        self.shared, self.optimiser = accelerator.prepare(self.model, optimiser)

    def compile(self) -> None:
        """Compile encoder and decode heads in place; they draw the same random numbers as without."""
        torch._inductor.config.fallback_random = True
        heads = [module for module in self.model.modules() if isinstance(module, BaseDecodeHead)]
        for part in (self.model.backbone, *heads):
            part.compile()

    def step(self, batch: dict, iteration: int, learning_rate_factor: float) -> Tensor:
        """Take one optimiser step on this process's part of a ``TrainingStream`` batch.

        Returns:
            The loss () of this part, on the device: nothing waits for the GPU.
        """
        if self.shade:
            self.shade.refresh(iteration)
        # Dropout draws from torch's global generator; reseeding each iteration makes resuming exact.
        rank = self.accelerator.process_index
        entropy = (self.seed, 2, iteration, rank) if rank else (self.seed, 2, iteration)
        torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1)[0]))
        set_learning_rate(self.optimiser, learning_rate_factor)
        on_device = self.model.data_preprocessor(self._sent(batch), training=True)
        losses = self.shared(**on_device, mode="loss")
        loss, _ = self.model.parse_losses(losses)
        self.optimiser.zero_grad()
        self._backward(loss, losses)
        self.optimiser.step()
        return loss.detach()

    def _sent(self, batch: dict) -> dict:
        """Return a batch with its images and label maps on the device."""
        device = self.accelerator.device
        for sample in batch["data_samples"]:
            sample.gt_sem_seg.data = sent(sample.gt_sem_seg.data, device)
        return {**batch, "inputs": [sent(image, device) for image in batch["inputs"]]}

    def _backward(self, total: Tensor, losses: dict[str, Tensor]) -> None:
        """Accumulate the gradient of the losses, in one pass or in one for each of them."""
        if not (self.shade and self.shade.options.backward == "separate"):
            return self.accelerator.backward(total)
        *others, last = [loss for name, loss in losses.items() if "loss" in name]
        for loss in others:
            self.accelerator.backward(loss, retain_graph=True)
        self.accelerator.backward(last)

    def state(self) -> dict:
        """Return the state dicts of model, optimiser and, if there are, gradient scaler and SHADE's prototypes.

        Frozen weights are left out: they are those with which the model was built.
        """
        state = {name: part.state_dict() for name, part in self._parts().items()}
        frozen = {name for name, parameter in self.model.named_parameters() if not parameter.requires_grad}
        return {**state, "model": {name: value for name, value in state["model"].items() if name not in frozen}}

    def restore(self, state: dict) -> None:
        """Load what ``state`` returned."""
        for name, part in self._parts().items():
            known = part.state_dict() if name == "model" else {}
            part.load_state_dict({**known, **state[name]})

    def _parts(self) -> dict:
        scaler = {"scaler": self.accelerator.scaler} if self.accelerator.scaler else {}
        shade = {"shade": self.shade} if self.shade else {}
        return {"model": self.model, "optimiser": self.optimiser, **scaler, **shade}
