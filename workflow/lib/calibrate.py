"""Measure what this machine sustains: networks with random weights, decoding, and the start of a job.

``snakemake calibrate`` runs ``python calibrate.py --options JSON --output FILE``. On a CPU, processor time is measured,
so that other programs do not disturb it.
"""

import argparse
import io
import json
import math
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import networks
import numpy as np
import torch
from calibration import Measurement, name_of

from dginstyle.devices import allow_tf32, best_device
from dginstyle.diffusion.loading import DTYPES, memory_layout
from dginstyle.files import whole_file

BUDGET = 1.5
"""Seconds of each measurement."""
IMPORTS = "import torch, diffusers, transformers, mmseg.models; torch.zeros(1, device={device!r})"
"""What a job does before it computes."""


def calibrate(measurements: list[Measurement], image_pixels: int) -> dict[str, Any]:
    """Return the rates of this machine.

    Args:
        measurements: what to measure; see `calibration`.
        image_pixels: pixels of a stored image.

    Returns:
        ``machine``, ``on_gpu``, ``card_memory`` in bytes or None, ``torch``, ``date``; ``flops``: FLOP/s by name;
        ``loading``: seconds for a million pixels; ``start``: seconds.
    """
    device = best_device()
    on_gpu, flops = device.type == "cuda", {}
    for item in measurements:
        flops[name_of(item)] = measured_rate(item, device)
        print(f"{name_of(item)}: {flops[name_of(item)] / 1e9:.1f} GFLOP/s", file=sys.stderr, flush=True)
    return {
        "machine": torch.cuda.get_device_name() if on_gpu else processor(),
        "on_gpu": on_gpu,
        "card_memory": torch.cuda.get_device_properties(device).total_memory if on_gpu else None,
        "torch": torch.__version__,
        "date": datetime.now(UTC).date().isoformat(),
        "flops": flops,
        "loading": loading_seconds(image_pixels) / image_pixels * 1e6,
        "start": start_seconds(device),
    }


def measured_rate(item: Measurement, device: torch.device) -> float:
    """Return the FLOP/s of a network.

    Raises:
        SystemExit: it does not fit into memory.
    """
    torch.set_num_threads(item["threads"])
    allow_tf32(item["tf32"])
    try:
        return item["flops"] / repeated(computation(item, device), device, item["threads"])
    except torch.cuda.OutOfMemoryError:
        raise SystemExit(
            f"{name_of(item)}: {item['batch']} images of {'x'.join(map(str, item['size']))} do not fit into the memory "
            "of this card; the configuration will not run on it"
        ) from None
    finally:
        if device.type == "cuda":
            torch.cuda.empty_cache()


def computation(item: Measurement, device: torch.device) -> Callable[[], None]:
    """Return a forward pass, with a backward pass in a training."""
    module, inputs = built(item, device)

    def infer() -> None:
        with torch.no_grad():
            module(*inputs)

    def train() -> None:
        mixed = item["precision"] != "fp32"
        with torch.autocast(device.type, DTYPES[item["precision"]], enabled=mixed):
            loss = sum(tensor.float().square().mean() for tensor in tensors(module(*inputs)))
        loss.backward()

    return train if item["kind"] == "training" else infer


def built(item: Measurement, device: torch.device) -> tuple[Callable, list]:
    """Return a network with random weights on a device, and inputs for it."""
    return built_prior(item, device) if "prior" in item else built_model(item, device)


def built_prior(item: Measurement, device: torch.device) -> tuple[Callable, list]:
    """Return a network of a prior, with the layout of the jobs and in inference with their precision."""
    with torch.device(device):
        _, calls = networks.prior_calls(item["prior"], tuple(item["size"]), item["batch"])
    compute, *inputs = calls[item["network"]]
    network = getattr(compute, "__self__", compute)
    network.to(memory_format=memory_layout(DTYPES[item["precision"]], device))
    if item["kind"] == "training":
        if item["checkpointing"]:
            network.enable_gradient_checkpointing()
        return compute, inputs
    torch.nn.Module.to(network, DTYPES[item["precision"]])  # diffusers' own warns
    return compute, [value.to(DTYPES[item["precision"]]) if value.is_floating_point() else value for value in inputs]


def built_model(item: Measurement, device: torch.device) -> tuple[Callable, list]:
    """Return a segmentation model."""
    from segmodel.models.building import build_untrained, read_config

    training = item["kind"] == "training"
    network = build_untrained(read_config(networks.REPOSITORY / item["config"])).to(device).train(training)
    images = torch.randn(item["batch"], 3, *item["size"], device=device)
    if training:
        return networks.training_pass, [network, images]
    return network.encode_decode, [images, networks.metas(images)]


def tensors(value: Any) -> list[torch.Tensor]:
    """Return the tensors in a network's output."""
    if isinstance(value, torch.Tensor):
        return [value] if value.is_floating_point() else []
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return [tensor for item in items for tensor in tensors(item)]


def repeated(compute: Callable[[], Any], device: torch.device, threads: int) -> float:
    """Return the mean seconds of a computation after one for warm-up: of the processor, or by the clock with a GPU."""
    compute()
    clock, count = clock_of(device, threads), 0
    began = clock()
    while not count or clock() - began < BUDGET:
        compute()
        count += 1
    return (clock() - began) / count


def clock_of(device: torch.device, threads: int = 1) -> Callable[[], float]:
    """Return a clock in seconds: by the wall once a GPU is done, else the processor time of each of the threads."""

    def gpu() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    def cpu() -> float:
        return time.process_time() / threads

    return gpu if device.type == "cuda" else cpu


def loading_seconds(pixels: int) -> float:
    """Return the processor time to decode an image and its label map, and to resize both."""
    height = max(8, round(math.sqrt(pixels / 2)))
    image, label = picture(height, 2 * height), np.zeros((height, 2 * height), np.uint8)
    files = [cv2.imencode(".png", array)[1] for array in (image, label)]

    def load() -> None:
        for file, interpolation in zip(files, (cv2.INTER_LINEAR, cv2.INTER_NEAREST), strict=True):
            decoded = cv2.imdecode(file, cv2.IMREAD_UNCHANGED)
            cv2.resize(decoded, None, fx=1.25, fy=1.25, interpolation=interpolation)

    cv2.setNumThreads(1)
    return repeated(load, torch.device("cpu"), 1)


def picture(height: int, width: int) -> np.ndarray:
    """Return an image with edges and some noise, which takes about 2 bytes a pixel as PNG; (H, W, 3) uint8."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (width, height)).astype(np.int16)
    return np.clip(image + rng.integers(-6, 7, image.shape), 0, 255).astype(np.uint8)


def start_seconds(device: torch.device) -> float:
    """Return the seconds until a job of the networks computes."""
    used, began = children_seconds(), time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS.format(device=device.type)], check=True)
    return time.perf_counter() - began if device.type == "cuda" else children_seconds() - used


def children_seconds() -> float:
    """Return the processor time of ended child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def processor() -> str:
    """Return the name of the processor."""
    information = io.StringIO(Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else "")
    names = [line.split(":", 1)[1].strip() for line in information if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def main() -> None:
    """Measure, and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", type=json.loads, required=True, help="arguments of `calibrate`, as JSON")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    with whole_file(arguments.output) as unfinished:
        unfinished.write_text(json.dumps(calibrate(**arguments.options), indent=2) + "\n")


if __name__ == "__main__":
    main()
