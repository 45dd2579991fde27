"""``train-prior``: train the mini prior on its corpus and save it in Stable Diffusion's folder layout."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, StableDiffusionPipeline
from torch import Tensor, nn

from dginstyle.checkpoint import Checkpoint
from dginstyle.files import refuse_overwriting, whole_folder
from dginstyle.identity import identify
from dginstyle.prior import networks
from dginstyle.prior.autoencoder import principal_components, reconstruction_loss, set_encoder
from dginstyle.prior.corpus import Photographs, Streets, read_corpus, render_corpus
from dginstyle.prior.denoiser import CaptionTokens, denoising_loss, draw_kinds
from dginstyle.prior.optimise import minimise
from dginstyle.prior.options import Pace, PriorOptions
from dginstyle.seeds import derive_seed
from dginstyle.training.accelerator import make_accelerator

_LATENT_NOISE = 0.1  # the decoder learns from latents that are off by up to this much, as those of a sampler are
_COMPONENTS_FROM = 4000  # photographs that the autoencoder's components are computed from


def train_prior(*, output: Path, state: Path, options: PriorOptions, seed: int) -> None:
    """Render the mini prior's corpus and train the prior on it, on a GPU if there is one.

    The same command resumes an interrupted training and, on a CPU, ends with the same weights.

    Args:
        output: diffusers folder to write, loadable with ``StableDiffusionPipeline.from_pretrained``.
        state: folder of the rendered corpus and of the resumable state, emptied at the end.
        options: ``prior_training`` in the configuration.
        seed: the run's seed.

    Raises:
        SystemExit: ``output`` contains other files, ``state`` belongs to another run or cannot be read, or loss or
            weights are not finite.
    """
    refuse_overwriting(output, "model_index.json")
    training = PriorTraining.start(state, options, seed)
    training.train_decoder()
    training.train_denoiser()
    training.save(output)
    training.clear()


@dataclass
class PriorTraining:
    """The mini prior in training.

    Attributes:
        state: folder of the corpus and of the resumable state.
        options: ``prior_training`` in the configuration.
        seed: the run's seed.
        streets: the corpus.
        pipeline: the networks.
        components: (C, 3, factor, factor), the autoencoder's encoder as one convolution.
    """

    state: Path
    options: PriorOptions
    seed: int
    streets: Streets
    pipeline: StableDiffusionPipeline
    components: Tensor

    @classmethod
    def start(cls, state: Path, options: PriorOptions, seed: int) -> "PriorTraining":
        """Render and read the corpus; build untrained networks, but for the autoencoder's encoder, which is final."""
        torch.set_flush_denormal(True)  # denormal numbers make a CPU's steps several times slower
        render_corpus(
            state / "corpus", options.streets, seed, options.paintings
        )  # before a GPU is touched: its processes are forks
        device = make_accelerator(options.precision).device
        streets = read_corpus(state / "corpus", options.streets, device)
        if not len(streets.photographed):
            raise SystemExit(
                f"prior_training: all {options.streets} streets are paintings; set more streets or fewer paintings"
            )
        architecture = networks.ARCHITECTURES[options.architecture]
        generator = _generator(device, seed, "principal components")
        images = streets.draw(_COMPONENTS_FROM, generator, paintings=True).images.cpu()
        components = principal_components(images, architecture.latent_channels, architecture.factor)
        torch.manual_seed(derive_seed(seed, "prior weights"))
        pipeline = networks.build_pipeline(architecture, state / "tokenizer")
        set_encoder(pipeline.vae, components)
        scaling_factor = float(1 / F.conv2d(images, components, stride=architecture.factor).std())
        pipeline.vae.register_to_config(scaling_factor=scaling_factor)
        return cls(state, options, seed, streets, pipeline.to(device), components.to(device))

    def train_decoder(self) -> None:
        """Train the autoencoder's decoder."""
        vae = self.pipeline.vae.requires_grad_(False)
        decoder = nn.ModuleList([vae.post_quant_conv, vae.decoder]).requires_grad_(True).train()
        minimise("decoder", decoder, self.decoder_loss, self.options.decoder, self._checkpoint("decoder"))
        vae.eval()

    def train_denoiser(self) -> None:
        """Train U-Net and text encoder."""
        networks = {"unet": self.pipeline.unet, "text_encoder": self.pipeline.text_encoder}
        model = nn.ModuleDict(networks).requires_grad_(True).train()
        minimise("denoiser", model, self.denoiser_loss, self.options.denoiser, self._checkpoint("denoiser"))
        model.eval()

    def decoder_loss(self, step: int) -> Tensor:
        """Return the loss of a step of the decoder, from latents with noise of random strength."""
        vae: AutoencoderKL = self.pipeline.vae
        generator = _generator(self.components.device, self.seed, "decoder batch", step)
        images = self._batch(self.options.decoder, step, generator).images
        latents = self._encoded(images)

        def like(shape: torch.Size, draw=torch.randn) -> Tensor:
            return draw(shape, generator=generator, device=generator.device)

        strength = _LATENT_NOISE * like((len(latents), 1, 1, 1), torch.rand)
        with self._arithmetic():
            output = vae.decode(latents + strength * like(latents.shape)).sample
        return reconstruction_loss(output.float(), images)

    def denoiser_loss(self, step: int) -> Tensor:
        """Return the loss of a step of U-Net and text encoder."""
        pipeline = self.pipeline
        generator = _generator(self.components.device, self.seed, "denoiser batch", step)
        batch = self._batch(self.options.denoiser, step, generator)
        latents = self._encoded(batch.images) * pipeline.vae.config.scaling_factor
        kinds = draw_kinds(batch.weather, generator)
        tokens = self._caption_tokens(batch.seen, batch.weather, kinds)
        with self._arithmetic():
            return denoising_loss(pipeline.unet, pipeline.text_encoder, pipeline.scheduler, latents, tokens, generator)

    def save(self, output: Path) -> None:
        """Write the diffusers folder: U-Net and autoencoder in half precision, which diffusers loads as float32."""
        self.pipeline.to("cpu")
        for network in (self.pipeline.vae, self.pipeline.unet):
            network.to(torch.float16)
        with whole_folder(output) as unfinished:
            self.pipeline.save_pretrained(unfinished)

    def clear(self) -> None:
        """Delete the state and the corpus."""
        for name in ("decoder", "denoiser"):
            self._checkpoint(name).clear()
        for name in ("tokenizer", "corpus"):
            shutil.rmtree(self.state / name)

    def __post_init__(self) -> None:
        """Prepare what every step needs."""
        self._caption_tokens = CaptionTokens(self.pipeline.tokenizer, self.components.device)

    def _batch(self, pace: Pace, step: int, generator: torch.Generator) -> Photographs:
        return self.streets.draw(pace.batch_size, generator, paintings=not pace.decays(step))

    def _encoded(self, images: Tensor) -> Tensor:
        return F.conv2d(images, self.components, stride=self.components.shape[-1])

    def _arithmetic(self) -> torch.autocast:
        mixed = self.options.precision != "fp32"
        return torch.autocast(self.components.device.type, dtype=torch.bfloat16, enabled=mixed)

    def _checkpoint(self, name: str) -> Checkpoint:
        options = self.options
        pace: Pace = getattr(options, name)
        settings = {"seed": self.seed, "architecture": options.architecture, "streets": options.streets}
        settings |= {"paintings": options.paintings, "precision": options.precision, name: pace.decisive()}
        return Checkpoint(self.state, identify(settings, {}), name)


def _generator(device: torch.device, seed: int, purpose: str, step: int = 0) -> torch.Generator:
    return torch.Generator(device).manual_seed(derive_seed(seed, purpose, step))
