"""Loading the prior and the networks trained on it, from diffusers folders or the hub."""

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    LCMScheduler,
    ModelMixin,
    SchedulerMixin,
    UniPCMultistepScheduler,
)
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer
from transformers.utils.logging import disable_progress_bar

from dginstyle.checksums import require_unchanged
from dginstyle.diffusion.hub import WITHOUT_NETWORK, unreachable
from dginstyle.options import Precision

DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
SCHEDULERS: dict[str, type[SchedulerMixin]] = {
    "ddim": DDIMScheduler,
    "dpmsolver": DPMSolverMultistepScheduler,
    "unipc": UniPCMultistepScheduler,
    "lcm": LCMScheduler,
}
Network = TypeVar("Network", bound=ModelMixin)


def require_prior(prior: str) -> None:
    """Check that a prior is a diffusers folder or looks like a hub id.

    Raises:
        SystemExit: it is neither.
    """
    folder = Path(prior)
    if folder.is_dir() and not (folder / "model_index.json").is_file():
        raise SystemExit(f"the prior {prior} is not a diffusers model (no model_index.json): name another folder")
    owner = prior.split("/")[0]
    hub_id = re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", prior) and not Path(owner).is_dir()
    if not folder.is_dir() and not hub_id:
        raise SystemExit(f"the prior {prior} does not exist: name a diffusers folder or a hub id such as owner/name")


def load(
    network: type[Network], origin: str | Path, subfolder: str = "", dtype: torch.dtype = torch.float32
) -> Network:
    """Load a network, frozen and in evaluation mode.

    Raises:
        SystemExit: it cannot be loaded, or its file lacks weights.
    """
    torch.set_flush_denormal(True)  # denormal numbers make a CPU's steps several times slower
    with loading(network, origin, subfolder) as options:
        loaded, info = network.from_pretrained(
            str(origin), subfolder=subfolder, torch_dtype=dtype, output_loading_info=True, **options
        )
    require_complete(info, f"{origin}/{subfolder}".rstrip("/"))
    return loaded.requires_grad_(False).eval()


def require_complete(info: dict[str, Any], place: str) -> None:
    """Check that the files of a network had all its weights: the libraries make up missing ones.

    Raises:
        SystemExit: they had not.
    """
    if missing := sorted(info["missing_keys"]):
        raise SystemExit(f"{place}: lacks {len(missing)} weights, such as {missing[0]}: get the network again")


@contextmanager
def loading(kind: type, origin: str | Path, subfolder: str) -> Iterator[dict[str, Any]]:
    """Turn the libraries' errors about missing, damaged or unsuitable files into one sentence.

    Yields:
        Arguments of the libraries' functions: without a network, only files in the hub's cache are looked for.

    Raises:
        SystemExit: the body cannot load the files.
    """
    if Path(origin).is_absolute() and not Path(origin).exists():
        raise SystemExit(f"{origin}: no such folder; name the folder of a {kind.__name__}, or a hub id")
    if (folder := Path(origin, subfolder)).is_dir():
        for file in sorted(folder.glob("*")):
            require_unchanged(file)
    offline = unreachable(origin)
    try:
        yield {"local_files_only": True} if offline else {}
    except Exception as error:  # damaged files can raise anything
        if offline:
            raise SystemExit(
                f"{origin}: its {subfolder or kind.__name__} is not on this machine, and the hub cannot be reached "
                f"({offline}): {WITHOUT_NETWORK}"
            ) from None
        place, reason = Path(str(origin)) / subfolder, " ".join(str(error).split()) or type(error).__name__
        raise SystemExit(f"{place}: cannot load a {kind.__name__} from here ({reason})") from None


@dataclass(frozen=True)
class TextEncoder:
    """CLIP's text encoder with its tokenizer."""

    tokenizer: CLIPTokenizer
    model: CLIPTextModel

    @classmethod
    def load(cls, prior: str, dtype: torch.dtype = torch.float32) -> "TextEncoder":
        """Load both from the prior."""
        require_prior(prior)
        disable_progress_bar()
        with loading(CLIPTokenizer, prior, "tokenizer") as options:
            tokenizer = CLIPTokenizer.from_pretrained(prior, subfolder="tokenizer", **options)
        with loading(CLIPTextModel, prior, "text_encoder") as options:
            model, info = CLIPTextModel.from_pretrained(
                prior, subfolder="text_encoder", dtype=dtype, output_loading_info=True, **options
            )
        require_complete(info, f"{prior}/text_encoder")
        known, embedded = len(tokenizer), model.config.vocab_size
        if not embedded // 2 < known <= embedded:
            raise SystemExit(
                f"{prior}: its tokenizer has {known} tokens, but its text encoder {embedded}: get it again"
            )
        return cls(tokenizer, model.requires_grad_(False).eval())

    def require_fitting(self, prompt: str) -> None:
        """Check that the text encoder reads a prompt to its end.

        Raises:
            SystemExit: it has too many tokens; the message names the words that would be cut off.
        """
        limit = self.tokenizer.model_max_length
        tokens = self.tokenizer(prompt, verbose=False).input_ids  # with start and end
        if len(tokens) > limit:
            rest = self.tokenizer.decode(tokens[limit - 1 : -1])
            shown = textwrap.shorten(prompt, 80)
            raise SystemExit(
                f"the prompt {shown!r} has {len(tokens)} tokens, but the text encoder reads {limit}: {rest!r} would be "
                "cut off; shorten the prompt or its template"
            )

    @torch.no_grad()
    def __call__(self, prompts: list[str]) -> Tensor:
        """Return the embeddings (N, 77, C) of prompts, padded to the tokenizer's length.

        Raises:
            SystemExit: as `require_fitting`.
        """
        for prompt in prompts:
            self.require_fitting(prompt)
        length = self.tokenizer.model_max_length
        tokens = self.tokenizer(prompts, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        return self.model(tokens.input_ids.to(self.model.device))[0]  # (N, 77, C)


def load_scheduler(prior: str, name: str, **options: Any) -> SchedulerMixin:
    """Return a sampler with the prior's noise schedule.

    ``clip_sample`` is always off: with the nonlinear clipping, a mean of noise predictions would not equal a mean of
    steps (`dginstyle.generation.fusion`).
    """
    require_prior(prior)
    return read_scheduler(SCHEDULERS[name], prior, clip_sample=False, **options)


def load_training_scheduler(prior: str) -> DDPMScheduler:
    """Return the prior's noise schedule for training."""
    require_prior(prior)
    return read_scheduler(DDPMScheduler, prior)


def read_scheduler(scheduler: type[SchedulerMixin], prior: str, **changes: Any) -> SchedulerMixin:
    """Return the prior's noise schedule as a scheduler of a class, with some values changed.

    Raises:
        SystemExit: it cannot be loaded.
    """
    with loading(scheduler, prior, "scheduler") as options:
        config = scheduler.load_config(prior, subfolder="scheduler", **options)
        if not {"num_train_timesteps", "beta_schedule"} <= set(config):
            raise ValueError("it has no noise schedule, num_train_timesteps and beta_schedule")
        return scheduler.from_config(config, **changes)


def require_supported(precision: Precision, device: torch.device) -> None:
    """Check that a device supports a precision.

    Raises:
        SystemExit: it does not.
    """
    if precision == "fp16" and device.type == "cpu":
        raise SystemExit("precision fp16 does not work on a CPU: use fp32 or bf16, or a GPU")


def memory_layout(dtype: torch.dtype, device: torch.device) -> torch.memory_format:
    """Return the fastest memory layout for convolutions: channels last, except bf16 on a CPU (docs/performance.md)."""
    slow = dtype == torch.bfloat16 and device.type == "cpu"
    return torch.preserve_format if slow else torch.channels_last


def latent_factor(vae: AutoencoderKL) -> int:
    """Return the downsampling factor of the autoencoder."""
    return 2 ** (len(vae.config.block_out_channels) - 1)


def divisor(factor: int, unet: ModelMixin) -> int:
    """Return the number of pixels by which height and width of an image must be divisible."""
    return factor * 2 ** (len(unet.config.block_out_channels) - 1)


def require_divisible(size: tuple[int, int], factor: int, unet: ModelMixin) -> None:
    """Check that autoencoder and U-Net support an image size.

    Raises:
        SystemExit: height or width is not a multiple of `divisor`.
    """
    step = divisor(factor, unet)
    if any(side % step for side in size):
        raise SystemExit(
            f"a crop of {size[0]}×{size[1]} does not fit this prior: both sides must be multiples of {step}"
        )
