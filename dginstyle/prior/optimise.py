"""Minimising a loss, resumably, with averaged weights as the result."""

from collections.abc import Callable

import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn
from tqdm import tqdm

from dginstyle.checkpoint import Checkpoint
from dginstyle.prior.options import Pace

_LOOK_EVERY = 20  # steps between two looks at the loss, each of which waits for the device


def minimise(name: str, model: nn.Module, loss: Callable[[int], Tensor], pace: Pace, checkpoint: Checkpoint) -> None:
    """Minimise ``loss(step)`` and leave the averaged weights in ``model``.

    Args:
        name: name in the progress.
        model: the network to train.
        loss: the loss of a step, which draws all its randomness from the step's number.
        pace: steps and learning rate.
        checkpoint: the resumable state.

    Raises:
        SystemExit: loss or weights are not finite.
    """
    rate = pace.learning_rate
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=1e-2, fused=True)
    ema = EMAModel(model.parameters(), decay=pace.ema_decay, use_ema_warmup=True, power=0.75, foreach=True)
    parts = {"model": model, "optimiser": optimiser, "ema": ema}
    start = _resume(parts, checkpoint)
    progress = tqdm(range(start, pace.steps), desc=name, initial=start, total=pace.steps, mininterval=5)
    for step in progress:
        for group in optimiser.param_groups:
            group["lr"] = pace.rate(step)
        value = loss(step)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimiser.step()
        ema.step(model.parameters())
        saves = (step + 1) % pace.checkpoint_every == 0 or step + 1 == pace.steps
        if saves or step % _LOOK_EVERY == 0:
            checkpoint.require_finite_losses([(step + 1, value.item())])
            progress.set_postfix(loss=f"{value.item():.4f}", refresh=False)
        if saves:
            state = {name: part.state_dict() for name, part in parts.items()}
            checkpoint.save({"step": step + 1, **state}, step + 1)
    ema.copy_to(model.parameters())


def _resume(parts: dict, checkpoint: Checkpoint) -> int:
    """Restore the saved state, if any, and return its step."""
    saved = checkpoint.load()
    if not saved:
        return 0
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    device = next(parts["model"].parameters()).device
    parts["ema"].to(device)
    return saved["step"]
