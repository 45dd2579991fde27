"""``draw-prior``: a prior with random weights of the real shapes, for a rehearsal."""

import tempfile
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from dginstyle.files import refuse_overwriting, whole_folder
from dginstyle.prior.networks import ARCHITECTURES, build_pipeline
from dginstyle.prior.options import STABLE_DIFFUSION, RandomPriorName
from dginstyle.prior.stable_diffusion import stable_diffusion_pipeline
from dginstyle.seeds import derive_seed


def draw_prior(*, architecture: RandomPriorName, output: Path, seed: int) -> None:
    """Write a prior's networks with random weights, stored in fp16, in the folder layout of the hub.

    Args:
        architecture: Stable Diffusion 1.5's, 2.1 GB, or one of the mini prior's.
        output: diffusers folder to write.
        seed: the run's seed.

    Raises:
        SystemExit: ``output`` contains other files.
    """
    refuse_overwriting(output, "model_index.json")
    torch.manual_seed(derive_seed(seed, "random prior"))
    with tempfile.TemporaryDirectory() as folder, whole_folder(output) as unfinished:
        halved(untrained_pipeline(architecture, Path(folder))).save_pretrained(unfinished)


def untrained_pipeline(architecture: RandomPriorName, tokenizer_folder: Path) -> StableDiffusionPipeline:
    """Return the networks of an architecture; the tokenizer's files go to a folder."""
    if architecture == STABLE_DIFFUSION:
        return stable_diffusion_pipeline(tokenizer_folder)
    return build_pipeline(ARCHITECTURES[architecture], tokenizer_folder)


def halved(pipeline: StableDiffusionPipeline) -> StableDiffusionPipeline:
    """Return the pipeline with its networks in fp16."""
    for network in (pipeline.vae, pipeline.text_encoder, pipeline.unet):
        network.half()
    return pipeline
