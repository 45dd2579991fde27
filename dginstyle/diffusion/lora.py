"""Low-rank adapters of the U-Net, such as those that make it sample in few steps, loaded by diffusers."""

from pathlib import Path

from diffusers import AutoencoderKL, SchedulerMixin, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.utils.logging import get_verbosity, set_verbosity, set_verbosity_error

from dginstyle.diffusion.hub import unreachable
from dginstyle.diffusion.loading import TextEncoder
from dginstyle.diffusion.origins import LoraOptions


def fuse_lora(
    text_encoder: TextEncoder,
    vae: AutoencoderKL,
    unet: UNet2DConditionModel,
    scheduler: SchedulerMixin,
    options: LoraOptions,
) -> None:
    """Add an adapter to the weights of a U-Net and, if it has a part for it, of its text encoder.

    Raises:
        SystemExit: the adapter cannot be loaded, or has nothing for this U-Net.
    """
    parts = (vae, text_encoder.model, text_encoder.tokenizer, unet, scheduler, None, None)
    pipeline = StableDiffusionPipeline(*parts, requires_safety_checker=False)
    verbosity = get_verbosity()
    set_verbosity_error()  # diffusers warns if an adapter has no part for the text encoder
    offline = unreachable(options.origin)
    if offline:
        offline = f"the hub cannot be reached: {offline}; "
    try:
        pipeline.load_lora_weights(
            options.origin,
            weight_name=file_name(options),
            revision=options.revision,
            **({"local_files_only": True} if offline else {}),
        )
    except Exception as error:  # a damaged file can raise anything
        reason = offline + " ".join(str(error).split())[:200]
        raise SystemExit(f"lora {options.origin}: cannot be loaded ({reason}); correct origin or file") from None
    finally:
        set_verbosity(verbosity)
    if not getattr(unet, "peft_config", None):
        raise SystemExit(f"lora {options.origin}: has no weights for the U-Net; use an adapter of this prior")
    pipeline.fuse_lora(lora_scale=options.scale)
    pipeline.unload_lora_weights()


def file_name(options: LoraOptions) -> str | None:
    """Return the name of an adapter's file in its folder or repository; None if ``origin`` is the file.

    Raises:
        SystemExit: a folder has several files, or none.
    """
    folder = Path(options.origin)
    if options.file or not folder.is_dir():
        return options.file
    names = sorted(path.name for path in folder.glob("*.safetensors"))
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise SystemExit(f"lora {options.origin}: file must name one of the adapters in this folder ({found})")
    return names[0]
