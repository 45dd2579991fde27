"""Time generation: the published loop against ours, same weights and inputs, each in its own process.

    python -m benchmarks.generation               # the mini prior, on this machine; nothing else should run on it
    python -m benchmarks.generation --size sd15   # random networks of SD 1.5's size, for a GPU

Prints the table of docs/performance.md. The reference (`tests/reference/reference_loop.py`) runs in float32, one
image, window and scheduler step at a time; ours runs with the published behaviour too, so outputs can be compared.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from dginstyle.captions import caption
from dginstyle.devices import best_device
from dginstyle.diffusion.loading import DTYPES, TextEncoder, latent_factor, load, load_scheduler
from dginstyle.diffusion.networks import GeneratorNetworks
from dginstyle.generation.options import SamplingOptions, SecondPassOptions
from dginstyle.generation.synthesis import Synthesiser
from dginstyle.labels import ID_TO_TRAIN_ID
from dginstyle.miniworld import render_scene
from tests.reference.random_networks import for_prior, stable_diffusion_15
from tests.reference.reference_loop import ReferenceLoop

SIDES = {"mini": 64, "sd15": 512}
PUBLISHED_MIN_SHARE = 20_000 / 512**2


@dataclass(frozen=True)
class Variant:
    """One row of the table."""

    name: str
    precision: str = "fp32"
    published: bool = False
    compile: bool = False


@dataclass(frozen=True)
class Measured:
    """Measurements of a variant over all images: seconds, calls, bytes of memory, images (N, H, W, 3) uint8."""

    seconds: float
    calls: int
    samples: int
    memory: int
    flops: int
    images: np.ndarray


def precisions() -> list[str]:
    """Return the precisions that the machine supports, the fastest last: bf16 is emulated on many processors."""
    bf16 = torch.cuda.is_available() or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return ["fp32", "bf16"] if bf16 else ["fp32"]


def variants(arguments: argparse.Namespace) -> list[Variant]:
    """Return the rows of the table."""
    ours = [Variant(f"ours, {precision}", precision) for precision in precisions()]
    fastest = precisions()[-1]
    compiled = [Variant(f"ours, {fastest}, compiled", fastest, compile=True)] if arguments.compile else []
    return [Variant("published loop, fp32", published=True), *ours, *compiled]


def build_networks(size: str, precision: str) -> GeneratorNetworks:
    """Build the networks, the same weights on every call; those of sd15 on the GPU, if there is one."""
    if size == "sd15":
        return stable_diffusion_15(DTYPES[precision], best_device().type)
    from diffusers import AutoencoderKL, UNet2DConditionModel

    prior, dtype = "resources/mini_prior", DTYPES[precision]
    unet, vae = load(UNet2DConditionModel, prior, "unet"), load(AutoencoderKL, prior, "vae", dtype)
    controlnet = for_prior(unet, vae).to(dtype)
    text_encoder = TextEncoder.load(prior, dtype)
    return GeneratorNetworks(text_encoder, vae, unet.to(dtype), controlnet, load_scheduler(prior, "ddim"))


def inputs(size: str, count: int) -> list[np.ndarray]:
    """Return label maps of the mini world, enlarged to the network's size."""
    maps = [ID_TO_TRAIN_ID[render_scene("source", index, 0).labels][:, 32:96] for index in range(count)]  # (64, 64)
    factor = SIDES[size] // 64
    return [label.repeat(factor, 0).repeat(factor, 1) for label in maps]


def sampling_options(arguments: argparse.Namespace, variant: Variant, factor: int) -> SamplingOptions:
    """Return the published values at the networks' size; ``--stride`` is for windows of 64 latent pixels."""
    side = SIDES[arguments.size]
    second_pass = SecondPassOptions(
        scale=2,
        stride=max(1, arguments.stride * (side // factor) // 64),
        min_component_pixels=round(PUBLISHED_MIN_SHARE * side**2),
        reference_noise="previous_step",
        reference_noise_draw="each_step",
    )
    return SamplingOptions(
        crop=(side, side),
        scheduler="ddim",
        steps=arguments.steps,
        guidance=7.5,
        precision=variant.precision,
        second_pass=second_pass,
        windows_per_batch=arguments.windows_per_batch,
        compile=variant.compile,
    )


def measure(arguments: argparse.Namespace, variant: Variant) -> Measured:
    """Generate all images with a variant, after an untimed warm-up."""
    networks = build_networks(arguments.size, variant.precision)
    options = sampling_options(arguments, variant, latent_factor(networks.vae))
    labels = inputs(arguments.size, arguments.images)
    prompts, seeds = [caption(label) for label in labels], list(range(len(labels)))
    unet = networks.unet
    generate = one_by_one(networks, options) if variant.published else batched(networks, options, arguments.batch_size)
    flops = counted_flops(lambda: generate(labels[:1], prompts[:1], seeds[:1])) if arguments.flops else 0
    generate(labels[: 1 if variant.published else arguments.batch_size], prompts, seeds)  # warm-up, compilation
    calls: list[int] = []
    unet.register_forward_pre_hook(lambda network, inputs: calls.append(len(inputs[0])))
    synchronise()
    began = time.perf_counter()
    images = generate(labels, prompts, seeds)
    synchronise()
    return Measured(time.perf_counter() - began, len(calls), sum(calls), peak_memory(), flops, images)


def one_by_one(networks: GeneratorNetworks, options: SamplingOptions) -> Callable:
    """Return the published loop as a function of lists."""
    loop = ReferenceLoop(networks, options)
    return lambda *lists: np.stack([loop(*item) for item in zip(*lists, strict=False)])


def batched(networks: GeneratorNetworks, options: SamplingOptions, size: int) -> Callable:
    """Return our generator as a function of lists, in batches."""
    synthesiser = Synthesiser(networks, options)

    def generate(labels: list, prompts: list, seeds: list) -> np.ndarray:
        parts = [slice(first, min(first + size, len(labels))) for first in range(0, len(labels), size)]
        return np.concatenate([synthesiser(labels[part], prompts[part], seeds[part]) for part in parts])

    return generate


def counted_flops(work: Callable) -> int:
    """Return the floating-point operations of ``work``."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def synchronise() -> None:
    """Wait for the GPU."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_memory() -> int:
    """Return the peak memory so far: of the GPU, or without one of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def matrix_rate() -> float:
    """Return the machine's rate of dense matrix products in its fastest precision, operations a second."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    side, repeats = (8192, 20) if device == "cuda" else (2048, 3)
    left, right = torch.randn(2, side, side, device=device).to(DTYPES[precisions()[-1]])
    left @ right
    synchronise()
    began = time.perf_counter()
    for _ in range(repeats):
        left @ right
    synchronise()
    return 2 * side**3 * repeats / (time.perf_counter() - began)


def table(arguments: argparse.Namespace, measured: dict[Variant, Measured]) -> str:
    """Return the results as a Markdown table, rates relative to the first line."""
    first = next(iter(measured.values()))
    head = ["", "images/s", "faster", "U-Net calls", "samples in them", "peak memory", "largest difference", "mean"]
    lines = [head, ["---"] * len(head)]
    for variant, result in measured.items():
        difference = np.abs(result.images.astype(int) - first.images)
        rate = arguments.images / result.seconds
        memory, faster = f"{result.memory / 2**30:.2f} GiB", f"{first.seconds / result.seconds:.1f}×"
        counts = [str(result.calls), str(result.samples), memory, str(difference.max()), f"{difference.mean():.2f}"]
        lines.append([variant.name, f"{rate:.3f}", faster, *counts])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def utilisation(arguments: argparse.Namespace, measured: dict[Variant, Measured]) -> str:
    """Return how near each variant comes to the machine's matrix rate."""
    rate, lines = matrix_rate(), []
    peak = f"{rate / 1e12:.2f} ({precisions()[-1]})"
    for variant, result in measured.items():
        reached = result.flops * arguments.images / result.seconds
        lines.append(f"{variant.name}: {reached / 1e12:.2f} TFLOP/s, {reached / rate:.0%} of {peak}")
    return "\n".join(lines)


def main() -> None:
    """Measure each variant in a process of its own and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIDES, default="mini", help="networks")
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=4, help="images in a batch of ours")
    parser.add_argument("--windows-per-batch", type=int, default=25)
    parser.add_argument("--steps", type=int, default=4, help="of each pass; 20 are published")
    parser.add_argument("--stride", type=int, default=16, help="of windows of 64 latent pixels, 8 to 64")
    parser.add_argument("--compile", action="store_true", help="also with torch.compile")
    parser.add_argument("--flops", action="store_true", help="also the share of the machine's matrix rate")
    arguments = parser.parse_args()
    measured = {}
    for variant in variants(arguments):
        with multiprocessing.get_context("spawn").Pool(1) as process:
            measured[variant] = process.apply(measure, (arguments, variant))
    print(table(arguments, measured))
    if arguments.flops:
        print(utilisation(arguments, measured))


if __name__ == "__main__":
    main()
