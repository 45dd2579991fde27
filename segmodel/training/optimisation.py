"""The optimiser and its learning rate schedule."""

import torch
from torch import nn

from segmodel.training.options import TrainOptions

_NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._BatchNorm)
_EMBEDDINGS = ("pos_embed", "position_embeddings", "level_embed", "tokens", "scale")
"""Parts of the names of parameters without decay: embeddings, and Rein's tokens and scale."""


def learning_rate_factor(iteration: int, warmup: int, iterations: int, start: float = 1e-6) -> float:
    """Return the learning rate multiplier at an iteration (from 0), as in the published training.

    Linear warm-up from ``start`` to 1 over ``warmup`` iterations, times poly decay (power 1) from iteration 0.
    """
    rise = 1.0 if iteration >= warmup else start + (1.0 - start) * iteration / warmup
    return rise * (1.0 - iteration / iterations)


def build_optimiser(model: nn.Module, options: TrainOptions) -> torch.optim.AdamW:
    """Return AdamW with its own learning rate for the decode head, and without decay of embeddings and norms.

    ``decayed_norms`` exempts norms of the head, or of the whole model, from that. Each group stores its base rate as
    ``initial_lr``, for ``set_learning_rate``.
    """
    # float(): the command line's float subclasses cannot be loaded from a checkpoint.
    rate, decay = float(options.learning_rate), float(options.weight_decay)
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for module_name, module in model.named_modules():
        in_head = "head" in module_name
        decays_norms = options.decayed_norms == "all" or (in_head and options.decayed_norms == "head")
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad:
                embedding = isinstance(module, nn.Embedding) or any(part in name for part in _EMBEDDINGS)
                decayed = not embedding and (decays_norms or not isinstance(module, _NORMS))
                groups.setdefault((in_head, decayed), []).append(parameter)
    settings = [
        {
            "params": parameters,
            "initial_lr": rate * (options.head_learning_rate_factor if in_head else 1.0),
            "weight_decay": decay if decayed else 0.0,
        }
        for (in_head, decayed), parameters in groups.items()
    ]
    return torch.optim.AdamW(settings, lr=rate, fused=True)


def set_learning_rate(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Set each group's rate to its ``initial_lr`` times ``factor``."""
    for group in optimiser.param_groups:
        group["lr"] = group["initial_lr"] * factor
