"""``train-prior``: train the mini prior on its corpus and save it in Stable Diffusion's folder layout."""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from diffusers.training_utils import EMAModel
from PIL import Image
from torch import Tensor, nn
from tqdm import tqdm

from dginstyle.checkpoint import Checkpoint
from dginstyle.files import refuse_overwriting, whole_folder
from dginstyle.identity import Identity, identify
from dginstyle.prior import networks
from dginstyle.prior.autoencoder import encode_all, principal_components, reconstruction_loss, scaled, set_encoder
from dginstyle.prior.denoiser import denoising_loss, draw_caption, tokenise
from dginstyle.prior.options import PriorOptions
from dginstyle.seeds import derive_rng, derive_seed


@dataclass(frozen=True)
class Corpus:
    """Captioned photographs: uint8 images (N, 3, H, W), classes and weather of each."""

    images: Tensor
    classes: list[str]
    weather: list[str]


def train_prior(*, corpus: Path, output: Path, state: Path, options: PriorOptions, seed: int) -> None:
    """Train the mini prior on a corpus of captioned photographs.

    The same command resumes an interrupted training and ends with the same weights.

    Args:
        corpus: folder with ``images/`` and ``metadata.jsonl`` (``file_name``, ``classes``, ``weather``).
        output: diffusers folder to write, loadable with ``StableDiffusionPipeline.from_pretrained``.
        state: folder of the resumable state, emptied at the end.
        options: ``prior_training`` in the configuration.
        seed: the run's seed.

    Raises:
        SystemExit: ``output`` contains other files, ``state`` belongs to another run or cannot be read, or loss or
            weights are not finite.
    """
    refuse_overwriting(output, "model_index.json")
    torch.manual_seed(derive_seed(seed, "prior weights"))
    torch.set_flush_denormal(True)  # denormal numbers make a CPU's steps several times slower
    state.mkdir(parents=True, exist_ok=True)
    identity = identify_training(corpus, options, seed)
    denoiser, decoder = (Checkpoint(state, identity, name) for name in ("denoiser", "decoder"))
    photographs = read_corpus(corpus)
    pipeline = _init_pipeline(photographs.images, state)
    if options.start:
        _load_weights(options.start, pipeline)
    _train_denoiser(pipeline, photographs, denoiser, options, seed)
    _train_decoder(pipeline.vae, photographs.images, decoder, options, seed)
    for network in (pipeline.vae, pipeline.unet):  # half the size; diffusers loads them as float32
        network.to(torch.float16)
    with whole_folder(output) as unfinished:
        pipeline.save_pretrained(unfinished)
    for checkpoint in (denoiser, decoder):
        checkpoint.clear()
    shutil.rmtree(state / "tokenizer")


def identify_training(corpus: Path, options: PriorOptions, seed: int) -> Identity:
    """Return everything that the weights depend on."""
    settings = options.decisive()
    start = settings.pop("start")
    return identify({**settings, "seed": seed}, {"corpus": corpus, **({"start": start} if start else {})})


def read_corpus(folder: Path) -> Corpus:
    """Read a corpus into memory (12 KiB per photograph of 64×64)."""
    lines = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    images = np.stack([np.asarray(Image.open(folder / line["file_name"]).convert("RGB")) for line in lines])
    tensor = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    return Corpus(tensor, [line["classes"] for line in lines], [line["weather"] for line in lines])


def _init_pipeline(images: Tensor, state: Path) -> StableDiffusionPipeline:
    """Return untrained networks, except for the autoencoder's encoder, which is final."""
    vae = networks.build_autoencoder().eval()
    set_encoder(vae, principal_components(scaled(images[:2000]), networks.LATENT_CHANNELS))
    vae.register_to_config(scaling_factor=float(1 / encode_all(vae, images[:2000]).std()))
    tokenizer = networks.build_tokenizer(state / "tokenizer")
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=networks.build_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=networks.build_unet(),
        scheduler=networks.build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _load_weights(folder: str, pipeline: StableDiffusionPipeline) -> None:
    """Load the weights of an earlier mini prior."""
    earlier = StableDiffusionPipeline.from_pretrained(
        folder, safety_checker=None, local_files_only=True, torch_dtype=torch.float32
    )
    for name in ("vae", "unet", "text_encoder"):
        getattr(pipeline, name).load_state_dict(getattr(earlier, name).state_dict())
    pipeline.vae.register_to_config(scaling_factor=earlier.vae.config.scaling_factor)


def _train_decoder(
    vae: AutoencoderKL, images: Tensor, checkpoint: Checkpoint, options: PriorOptions, seed: int
) -> None:
    vae.requires_grad_(False)
    decoder = nn.ModuleList([vae.post_quant_conv, vae.decoder]).requires_grad_(True).train()

    def loss(step: int) -> Tensor:
        rng = derive_rng(seed, "autoencoder batch", step)
        batch = scaled(images[torch.from_numpy(rng.integers(len(images), size=options.autoencoder_batch_size))])
        batch = batch.flip(-1) if step % 2 else batch
        noise = torch.Generator().manual_seed(derive_seed(seed, "posterior", step))
        return reconstruction_loss(vae.decode(vae.encode(batch).latent_dist.sample(noise)).sample, batch)

    rate = options.autoencoder_learning_rate
    _optimise("decoder", decoder, loss, options.autoencoder_steps, rate, checkpoint, options)
    vae.eval()


def _train_denoiser(
    pipeline: StableDiffusionPipeline, corpus: Corpus, checkpoint: Checkpoint, options: PriorOptions, seed: int
) -> None:
    vae, scheduler, tokenizer = pipeline.vae, pipeline.scheduler, pipeline.tokenizer
    model = nn.ModuleDict({"unet": pipeline.unet, "text_encoder": pipeline.text_encoder}).requires_grad_(True).train()
    views = [encode_all(vae, view) * vae.config.scaling_factor for view in (corpus.images, corpus.images.flip(-1))]
    latents = torch.stack(views, dim=1)  # (N, 2, 8, 16, 16): the photograph and its mirror image

    def loss(step: int) -> Tensor:
        rng = derive_rng(seed, "denoiser batch", step)
        chosen = rng.integers(len(latents), size=options.denoiser_batch_size)
        mirrored = rng.integers(2, size=options.denoiser_batch_size)
        captions = [draw_caption(corpus.classes[i], corpus.weather[i], rng) for i in chosen]
        noise = torch.Generator().manual_seed(derive_seed(seed, "denoiser noise", step))
        batch, tokens = latents[chosen, mirrored], tokenise(tokenizer, captions)
        return denoising_loss(model["unet"], model["text_encoder"], scheduler, batch, tokens, noise)

    _optimise("denoiser", model, loss, options.denoiser_steps, options.denoiser_learning_rate, checkpoint, options)
    model.eval()


def _optimise(
    name: str,
    model: nn.Module,
    loss: Callable[[int], Tensor],
    steps: int,
    rate: float,
    checkpoint: Checkpoint,
    options: PriorOptions,
) -> None:
    """Minimise ``loss(step)``, resuming from the saved state, and leave the averaged weights in ``model``."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-2, fused=True)
    ema = EMAModel(model.parameters(), decay=options.ema_decay, use_ema_warmup=True, power=0.75)

    def factor(step: int) -> float:
        return min((step + 1) / options.warmup, 0.5 + 0.5 * math.cos(math.pi * step / max(steps, 1)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
    parts = {"model": model, "optimiser": optimiser, "schedule": schedule, "ema": ema}
    start = _resume(parts, checkpoint)
    progress = tqdm(range(start, steps), desc=name, initial=start, total=steps, mininterval=5)
    for step in progress:
        value = loss(step)
        checkpoint.require_finite_losses([(step + 1, value.item())])
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        ema.step(model.parameters())
        if step % 20 == 0:
            progress.set_postfix(loss=f"{value.item():.4f}")
        if (step + 1) % options.checkpoint_every == 0 or step + 1 == steps:
            state = {name: part.state_dict() for name, part in parts.items()}
            checkpoint.save({"step": step + 1, **state}, step + 1)
    ema.copy_to(model.parameters())


def _resume(parts: dict[str, Any], checkpoint: Checkpoint) -> int:
    """Restore the saved state, if any, and return its step."""
    saved = checkpoint.load()
    if not saved:
        return 0
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    return saved["step"]
