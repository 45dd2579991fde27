"""The measured parts: generation at Stable Diffusion 1.5's size, and steps of trainings of config/paper.yaml."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor

from benchmarks.generation import Variant, build_networks, inputs, matrix_rate, sampling_options, synchronise
from dginstyle.captions import caption
from dginstyle.diffusion.loading import latent_factor
from dginstyle.generation.options import SamplingOptions
from dginstyle.generation.synthesis import Synthesiser
from tests.reference.reference_loop import ReferenceLoop

Measured = dict[str, Any]
NETWORKS = {"paper": "sd15", "toy": "mini"}
CONFIGS = {"paper": "config/paper.yaml", "toy": "config/config.yaml"}
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
STEPS = {"paper": 20, "toy": 2}


def read_config(size: str) -> dict:
    """Return the configuration of a size."""
    return yaml.safe_load(Path(CONFIGS[size]).read_text())


def machine(size: str) -> Measured:
    """Measure the device's matrix rate and describe it."""
    on_gpu = torch.cuda.is_available()
    properties = torch.cuda.get_device_properties(0) if on_gpu else None
    return {
        "device": properties.name if on_gpu else "CPU",
        "memory_GiB": properties.total_memory / 2**30 if on_gpu else None,
        "torch": torch.__version__,
        "matrix_rate_TFLOP_per_s": matrix_rate() / 1e12,
    }


def generation(size: str) -> Measured:
    """Time our generator in bf16 (fp32 on a CPU): seconds an image at windows' strides 16 and 8."""
    generator = _Ours(size)
    found: Measured = {}
    for stride, count in ((16, 4), (8, 2)):
        found |= {f"stride_{stride}_{key}": value for key, value in generator.timed(count, stride).items()}
    return found


def published_loop(size: str) -> Measured:
    """Time the published loop in fp32 and ours in bf16 at the same, small, number of steps."""
    steps = 4 if size == "paper" else 1
    published = _Published(size).timed(1, steps=steps)
    torch.cuda.empty_cache()
    ours = _Ours(size).timed(4, steps=steps)
    found = {
        f"{name}_{key}": value
        for name, part in (("published", published), ("ours", ours))
        for key, value in part.items()
    }
    return found | {"faster": published["seconds_an_image"] / ours["seconds_an_image"], "steps_of_each_pass": steps}


def compiled(size: str) -> Measured:
    """Time our generator with torch.compile."""
    return _Ours(size, compiles=True).timed(4)


class _Generator:
    """A generator of random images whose options can change between two timings."""

    precision = "fp32"

    def __init__(self, size: str, compiles: bool = False) -> None:
        self.size, self.compiles = size, compiles
        self.networks = build_networks(NETWORKS[size], self.precision)
        self.prepare(self.options(1, 16))

    def options(self, steps: int, stride: int) -> SamplingOptions:
        arguments = argparse.Namespace(size=NETWORKS[self.size], stride=stride, windows_per_batch=16, steps=steps)
        variant = Variant("", self.precision, compile=self.compiles)
        return sampling_options(arguments, variant, latent_factor(self.networks.vae))

    def timed(self, count: int, stride: int = 16, steps: int | None = None) -> Measured:
        """Measure ``count`` images in one batch, after a warm-up."""
        options = self.options(steps or STEPS[self.size], stride)
        labels = inputs(NETWORKS[self.size], count)
        prompts, seeds = [caption(label) for label in labels], list(range(count))
        self.draw(self.options(1, stride), labels, prompts, seeds)  # warm-up, compilation
        synchronise()
        began = time.perf_counter()
        images = self.draw(options, labels, prompts, seeds)
        synchronise()
        seconds = (time.perf_counter() - began) / count
        assert np.std(images) > 0
        return {"images": count, "seconds_an_image": seconds, "precision": self.precision, "peak_memory_GiB": _peak()}


class _Ours(_Generator):
    precision = "bf16" if DEVICE == "cuda" else "fp32"

    def prepare(self, options: SamplingOptions) -> None:
        self.synthesiser = Synthesiser(self.networks, options)

    def draw(self, options: SamplingOptions, *lists: list) -> np.ndarray:
        self.synthesiser.options = options
        return self.synthesiser(*lists)


class _Published(_Generator):
    def prepare(self, options: SamplingOptions) -> None:
        """Each `ReferenceLoop` moves the networks itself."""

    def draw(self, options: SamplingOptions, *lists: list) -> np.ndarray:
        loop = ReferenceLoop(self.networks, options)
        return np.stack([loop(*item) for item in zip(*lists, strict=True)])


def dreambooth(size: str) -> Measured:
    """Time steps of DreamBooth."""
    from dginstyle.training.dreambooth import Dreambooth
    from dginstyle.training.options import DreamboothOptions

    options = DreamboothOptions(**read_config(size)["dreambooth"])
    unet, vae, text_encoder, scheduler = _trainable(size, options)
    task = Dreambooth("", unet, _Crops(options.crop), vae, scheduler, text_encoder([""]).float())
    return _steps(task, options)


def controlnet(size: str) -> Measured:
    """Time steps of the ControlNet's training."""
    from dginstyle.diffusion.loading import DTYPES, latent_factor
    from dginstyle.training.controlnet import ControlNetTask, init_controlnet
    from dginstyle.training.options import ControlNetOptions

    options = ControlNetOptions(**read_config(size)["controlnet"])
    unet, vae, text_encoder, scheduler = _trainable(size, options)
    network = init_controlnet(unet, options.conditioning_channels, latent_factor(vae), seed=0)
    unet = unet.to(DTYPES[options.precision]).requires_grad_(False)
    if options.gradient_checkpointing:
        unet.enable_gradient_checkpointing()
    task = ControlNetTask("", network, _Crops(options.crop), unet, vae, text_encoder, scheduler, options.trained)
    return _steps(task, options)


def _trainable(size: str, options: Any) -> tuple:
    """Return U-Net in fp32, and the frozen networks in the precisions of a training's options."""
    from diffusers import DDPMScheduler

    from dginstyle.diffusion.loading import DTYPES

    networks = build_networks(NETWORKS[size], "fp32")
    networks.text_encoder.model.to(DTYPES[options.precision])
    unet = networks.unet.requires_grad_(True)
    scheduler = DDPMScheduler.from_config(networks.scheduler.config)
    return unet, networks.vae.to(DTYPES[options.autoencoder_precision]), networks.text_encoder, scheduler


class _Crops(torch.utils.data.Dataset):
    """Random crops with labels, so that no data set is needed."""

    def __init__(self, crop: tuple[int, int]) -> None:
        self.crop = crop

    def __getitem__(self, position: int) -> dict[str, Any]:
        generator = torch.Generator().manual_seed(position)
        classes = torch.randint(0, 20, (self.crop[0] // 32, self.crop[1] // 32), generator=generator)
        label = classes.repeat_interleave(32, 0).repeat_interleave(32, 1)
        image = torch.randint(0, 256, (*self.crop, 3), generator=generator)
        return {
            "image": image.to(torch.uint8),
            "channels": label.to(torch.uint8),
            "caption": "road sidewalk building vegetation sky car",
            "seed": position,
        }


def _steps(task: Any, options: Any) -> Measured:
    from dginstyle.training.loop import batches, optimise, start

    run = start(task, options)
    stream = batches(task, options, run)
    return _rate(lambda: optimise(task, options, run, stream), options.steps) | {
        "batch": options.batch_size * options.accumulation,
        "precision": options.precision,
    }


def _rate(step: Callable[[], Any], steps: int, seconds: float = 8.0 if DEVICE == "cuda" else 0.1) -> Measured:
    """Time steps for some seconds after three for warm-up; ``steps`` are those of the whole training."""
    for _ in range(3):
        step()
    synchronise()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        step()
        count += 1
    synchronise()
    each = (time.perf_counter() - began) / count
    return {
        "seconds_a_step": each,
        "steps_configured": steps,
        "hours_of_training": each * steps / 3600,
        "peak_memory_GiB": _peak(),
    }


def segmentation(name: str) -> Callable[[str], Measured]:
    """Return the part that times steps of a segmentation model of the configuration."""

    def part(size: str) -> Measured:
        from mmengine.structures import PixelData
        from mmseg.structures import SegDataSample

        from segmodel.models import read_config as read_model
        from segmodel.training.accelerator import make_accelerator
        from segmodel.training.network import build_network
        from segmodel.training.optimisation import build_optimiser
        from segmodel.training.options import TrainOptions
        from segmodel.training.trainer import Trainer

        models = read_config(size)["models"]
        entry = models.get(name, next(iter(models.values())))
        options = TrainOptions(**{key: value for key, value in entry.items() if key in TrainOptions.model_fields})
        config = read_model(options.config)
        config.encoder_weights = None
        network = build_network(config, options, 0)
        trainer = Trainer(
            network, build_optimiser(network, options), make_accelerator(options.precision, options.tf32), 0
        )
        height, width = options.crop
        rng = np.random.default_rng(0)

        def sample() -> tuple[Tensor, SegDataSample]:
            image = torch.from_numpy(rng.integers(0, 256, (3, height, width), dtype=np.uint8))
            label = torch.from_numpy(np.kron(rng.integers(0, 19, (height // 32, width // 32)), np.ones((32, 32), int)))
            data = SegDataSample(metainfo={"img_shape": (height, width), "ori_shape": (height, width)})
            data.gt_sem_seg = PixelData(data=label[None])
            return image, data.clone()

        images, labels = zip(*(sample() for _ in range(options.batch_size)), strict=True)

        def step() -> Tensor:
            return trainer.step({"inputs": list(images), "data_samples": list(labels)}, 0, 1.0)

        return _rate(step, options.iterations) | {"batch": options.batch_size, "precision": options.precision}

    return part


def _peak() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


PARTS: dict[str, Callable[[str], Measured]] = {
    "machine": machine,
    "generation": generation,
    "dreambooth": dreambooth,
    "controlnet": controlnet,
    "hrda": segmentation("hrda"),
    "daformer": segmentation("daformer"),
    "segformer": segmentation("segformer"),
    "published_loop": published_loop,
    "compiled": compiled,
}

if __name__ == "__main__":
    part, size, result = sys.argv[1:]
    Path(result).write_text(json.dumps(PARTS[part](size)))
