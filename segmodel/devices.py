"""The device: which one, copies to it that wait for nothing, and the arithmetic that it may use."""

import os

import torch
from torch import Tensor

REQUIRE_GPU = "DGINSTYLE_REQUIRE_GPU"
"""Environment variable that the workflow sets for jobs that must not run on a CPU, ``device: gpu``."""


def best_device() -> torch.device:
    """Return the GPU if there is one, else the CPU.

    Raises:
        SystemExit: there is none, but the workflow requires one.
    """
    if torch.cuda.is_available():
        return torch.device("cuda")
    if os.getenv(REQUIRE_GPU):
        raise SystemExit(
            "device is gpu, but torch finds no GPU here: check the driver (nvidia-smi) and that torch is a CUDA build, "
            "or set device: any to run on the CPU"
        )
    return torch.device("cpu")


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor on the device; a GPU copies it from pinned memory while the host continues."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        pinned = tensor if tensor.is_pinned() else tensor.pin_memory()
        return pinned.to(device, non_blocking=True)
    return tensor.to(device)


def allow_tf32(allowed: bool) -> None:
    """Choose between TensorFloat-32 and float32 for a GPU's products and convolutions of float32 numbers.

    torch's default is TensorFloat-32 for convolutions and float32 for matrix products.
    """
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision("high" if allowed else "highest")
        torch.backends.cudnn.allow_tf32 = allowed
