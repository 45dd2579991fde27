"""The optimiser and its learning rate."""

import torch
from torch import nn

_NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._BatchNorm)


def learning_rate_factor(iteration: int, warmup: int, iterations: int, start: float = 1e-6) -> float:
    """Return what the learning rate is multiplied with at an iteration (from 0).

    Linear warm-up from ``start`` to 1 over ``warmup`` iterations, times the decay (1 - t/T) that runs from iteration 0:
    the schedule of the published training (poly, power 1).
    """
    rise = 1.0 if iteration >= warmup else start + (1.0 - start) * iteration / warmup
    return rise * (1.0 - iteration / iterations)


def build_optimiser(
    model: nn.Module, learning_rate: float, weight_decay: float, head_factor: float
) -> torch.optim.AdamW:
    """Return AdamW with the decode head's rate multiplied and norms and position embeddings free of weight decay.

    Each group keeps its rate at factor 1 as ``initial_lr``; ``set_learning_rate`` multiplies it.
    """
    # float(): the types of the command line are no plain floats, and a checkpoint holds plain values only.
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for module_name, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad:
                decayed = not isinstance(module, _NORMS) and "pos_embed" not in name
                groups.setdefault(("head" in module_name, decayed), []).append(parameter)
    settings = [
        {
            "params": parameters,
            "initial_lr": float(learning_rate) * (head_factor if in_head else 1.0),
            "weight_decay": float(weight_decay) if decayed else 0.0,
        }
        for (in_head, decayed), parameters in groups.items()
    ]
    return torch.optim.AdamW(settings, lr=float(learning_rate), fused=True)


def set_learning_rate(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Set each group's rate to its ``initial_lr`` times ``factor``."""
    for group in optimiser.param_groups:
        group["lr"] = group["initial_lr"] * factor
