"""``download-prior``: a pretrained latent diffusion model from the hub."""

import shutil
from pathlib import Path

from dginstyle.diffusion.download_network import downloaded
from dginstyle.diffusion.origins import RECORD, NetworkOrigin
from dginstyle.files import partial, put_in_place, refuse_overwriting, write_json

REQUIRED = (
    "model_index.json",
    "scheduler/scheduler_config.json",
    "tokenizer/tokenizer_config.json",
    *(f"text_encoder/{name}" for name in ("config.json", "model.safetensors")),
    *(f"{net}/{name}" for net in ("unet", "vae") for name in ("config.json", "diffusion_pytorch_model.safetensors")),
)
OPTIONAL = tuple(f"tokenizer/{n}" for n in ("merges.txt", "special_tokens_map.json", "tokenizer.json", "vocab.json"))


def download_prior(*, origin: str, revision: str, output: Path) -> None:
    """Download a prior's networks as safetensors, its tokenizer and its noise schedule.

    After an interruption, the same command resumes. Private repositories need `hf auth login`.

    Args:
        origin: hub id of a diffusers model, owner/name.
        revision: commit of the hub repository.
        output: folder to write.

    Raises:
        SystemExit: the files cannot be downloaded, or the repository lacks one.
    """
    refuse_overwriting(output, RECORD)
    folder, place = partial(output), NetworkOrigin(origin=origin, revision=revision)
    for name in (*REQUIRED, *OPTIONAL):
        if not downloaded(place, name, folder) and name in REQUIRED:
            raise SystemExit(f"{origin} has no {name} at {revision}: choose another prior or revision")
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # the hub client's
    write_json(folder / RECORD, {"origin": origin, "revision": revision}, indent=2)
    put_in_place(folder, output)
