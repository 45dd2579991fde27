"""Parameters and FLOPs of the networks, counted on torch's meta device: ``make networks`` writes networks.json.

Planning needs these numbers and must not import torch; `recorded` reads them.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY))

from dginstyle.files import write_json  # noqa: E402
from dginstyle.identity import digest  # noqa: E402

RECORD = Path(__file__).with_suffix(".json")
STABLE_DIFFUSION = "stable-diffusion-v1-5/stable-diffusion-v1-5"
PRIORS = {STABLE_DIFFUSION: 512, "resources/mini_prior": 64}
"""Side in pixels of the images that the networks of a prior are counted for."""
DEFAULT_MODEL = "segmodel/configs/hrda_b5.py"
CONFIGS = "segmodel/configs/*.py"

Count = dict[str, float]
"""``parameters``, and ``flops`` of a forward pass of one image or its latents (2 for a multiplication and addition)."""


@cache
def recorded() -> dict[str, Any]:
    """Return networks.json: ``priors`` and ``models``, each with the ``pixels`` of the images and the counts."""
    return json.loads(RECORD.read_text())


def prior(name: str) -> dict[str, Any]:
    """Return the counts of a prior's networks; of an unknown one those of Stable Diffusion 1.5."""
    return recorded()["priors"].get(name, recorded()["priors"][STABLE_DIFFUSION])


def model(config: str) -> dict[str, Any]:
    """Return the counts of a segmentation model; of an unknown one those of the largest known."""
    return recorded()["models"].get(config, recorded()["models"][DEFAULT_MODEL])


def uncounted(configs: Iterable[str], kept: Path) -> dict[str, str]:
    """Let `model` know the segmentation models that were counted before, and return the others.

    Args:
        configs: their mmengine configurations.
        kept: JSON file of counts, by file and its content.

    Returns:
        The keys in that file, by configuration.
    """
    known = json.loads(kept.read_text()) if kept.is_file() else {}
    unrecorded = sorted({*configs} - recorded()["models"].keys())
    keys = {config: digest({"config": config, "content": (REPOSITORY / config).read_text()}) for config in unrecorded}
    recorded()["models"].update({config: known[key] for config, key in keys.items() if key in known})
    return {config: key for config, key in keys.items() if key not in known}


def count_others(configs: Iterable[str], kept: Path) -> None:
    """Count the segmentation models that are not recorded, once, so that `model` knows them; arguments as above."""
    for config, key in uncounted(configs, kept).items():
        recorded()["models"][config] = count_model(config)
        known = json.loads(kept.read_text()) if kept.is_file() else {}
        write_json(kept, {**known, key: recorded()["models"][config]})


def count(module: Any, *inputs: Any) -> Count:
    """Return the counts of a module, or of a method of one, on the meta device for a forward pass with some inputs."""
    parameters = getattr(module, "__self__", module).parameters()
    return {"parameters": sum(p.numel() for p in parameters), "flops": flops(module, *inputs)}


def flops(compute: Callable, *inputs: Any) -> int:
    """Return the FLOPs of a computation."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        compute(*inputs)
    return counter.get_total_flops()


def count_prior(name: str, side: int) -> dict[str, Any]:
    """Count the networks of a prior for square images."""
    import torch

    with torch.device("meta"):
        factor, calls = prior_calls(name, (side, side))
        return {"pixels": side * side, "factor": factor, **{part: count(*call) for part, call in calls.items()}}


def prior_calls(name: str, size: tuple[int, int], batch: int = 1) -> tuple[int, dict[str, tuple]]:
    """Build a prior's networks with random weights, and inputs for them, on torch's default device.

    Args:
        name: folder in this repository or hub id.
        size: of the images, height and width.
        batch: number of images.

    Returns:
        The autoencoder's factor, and by name each network, or the autoencoder's method, followed by its inputs.
    """
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    unet = UNet2DConditionModel.from_config(architecture(name, "unet"))
    vae = AutoencoderKL.from_config(architecture(name, "vae")).eval()
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    controlnet = controlnet_of(unet, factor)
    image = torch.randn(batch, 3, *size)
    latents = torch.randn(batch, unet.config.in_channels, *(side // factor for side in size))
    text, time = torch.randn(batch, 77, unet.config.cross_attention_dim), torch.zeros(batch)
    condition = torch.randn(batch, controlnet.config.conditioning_channels, *size)
    return factor, {
        "unet": (unet, latents, time, text),
        "controlnet": (controlnet, latents, time, text, condition),
        "embedding": (controlnet.controlnet_cond_embedding, condition),
        "encoder": (vae.encode, image),
        "decoder": (vae.decode, latents),
        "text_encoder": (text_encoder_of(name), torch.zeros(batch, 77, dtype=torch.long)),
    }


def architecture(name: str, network: str) -> dict[str, Any]:
    """Return the configuration of a prior's network: of a folder of this repository, or of Stable Diffusion 1.5."""
    file = REPOSITORY / name / network / "config.json"
    if file.is_file():
        return json.loads(file.read_text())
    return {
        "unet": {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8},
        "vae": {
            "down_block_types": ["DownEncoderBlock2D"] * 4,
            "up_block_types": ["UpDecoderBlock2D"] * 4,
            "block_out_channels": [128, 256, 512, 512],
            "layers_per_block": 2,
            "sample_size": 512,
        },
        "text_encoder": {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12},
    }[network]


def text_encoder_of(name: str) -> Any:
    """Return a prior's text encoder."""
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(CLIPTextConfig(**architecture(name, "text_encoder")))


def controlnet_of(unet: Any, factor: int) -> Any:
    """Return a ControlNet on a U-Net; its condition embedding has the published widths and downsamples by a factor."""
    from diffusers import ControlNetModel

    from dginstyle.conditioning import CHANNELS

    widths = (16, 32, 96, 256)[: factor.bit_length()]
    return ControlNetModel.from_unet(
        unet,
        conditioning_embedding_out_channels=widths,
        conditioning_channels=CHANNELS,
        load_weights_from_unet=False,
    )


def count_model(config: str) -> dict[str, Any]:
    """Count a segmentation model.

    Returns:
        ``training``: FLOPs of the forward pass of a crop; ``activations``: bytes that it leaves for the backward pass
        in float32; ``inference``: FLOPs of a window. With a frozen encoder also the number of ``frozen`` parameters,
        a training step's FLOPs in forward ``passes``, and the bytes of a ``window`` without gradient.
    """
    import torch

    from segmodel.models.building import build_untrained, read_config

    path = REPOSITORY / config
    model = read_config(path)
    with torch.device("meta" if model.model.backbone.type == "DINOv2" else "cpu"):  # for stochastic depth
        network = build_untrained(model).to("meta")
    side = (64 if path.stem.endswith("_mini") else 512) * (2 if hasattr(network, "detail_crop") else 1)
    image = torch.zeros(1, 3, side, side, device="meta")
    inference = count(network.eval().encode_decode, image, metas(image))
    training, kept = flops(training_pass, network, image), saved_bytes(training_pass, network.train(), image)
    return {
        "pixels": side * side,
        "parameters": inference["parameters"],
        "training": training,
        "activations": kept,
        "inference": inference["flops"],
        **frozen_part(network, image, training),
    }


def frozen_part(network: Any, image: Any, training: int) -> dict[str, Any]:
    """Return what saves work in a training with a frozen encoder, {} if none is frozen.

    The gradient of its weights is not computed, nor, if nothing is trained inside it, that of its features.
    """
    encoder = network.backbone
    frozen = sum(parameter.numel() for parameter in encoder.parameters() if not parameter.requires_grad)
    if 2 * frozen < sum(parameter.numel() for parameter in encoder.parameters()):
        return {}
    saved = 1 if any(parameter.requires_grad for parameter in encoder.parameters()) else 2
    share = flops(encoder, image) / training
    window = peak_bytes(training_pass, network, image)
    return {"frozen": frozen, "passes": round(3 - saved * share, 3), "window": window}


def peak_bytes(compute: Callable, *inputs: Any) -> int:
    """Return the most bytes of tensors that a computation without gradient has at a time, besides its inputs."""
    import torch
    from torch.multiprocessing.reductions import StorageWeakRef
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    known = {tensor.untyped_storage()._cdata for tensor in (*inputs[0].parameters(), *inputs[0].buffers())}

    class Live(TorchDispatchMode):
        peak, live = 0, {}

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = function(*args, **(kwargs or {}))
            for tensor in tree_leaves(result):
                if isinstance(tensor, torch.Tensor) and (storage := tensor.untyped_storage())._cdata not in known:
                    self.live[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
            self.live = {key: value for key, value in self.live.items() if not value[0].expired()}
            self.peak = max(self.peak, sum(size for _, size in self.live.values()))
            return result

    with fused_attention(), torch.no_grad(), Live() as counted:
        compute(*inputs)
    return counted.peak


def training_pass(network: Any, image: Any) -> list:
    """Return what a segmentation model computes in a training step; HRDA: at half scale, and one detail crop."""
    if not hasattr(network, "detail_crop"):
        return [network.encode_decode(image, metas(image))]
    height, width = network.detail_crop
    stages, head = network.extract_feat(network.context(image)), network.decode_head
    return [head.head(stages), head.scale_attention(stages), network._detail_logits(image[..., :height, :width])]


@contextmanager
def fused_attention() -> Iterator[None]:
    """Compute attention on the meta device as elsewhere: without a matrix of weights in memory."""
    import torch
    from torch.nn import functional

    def fused(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, **options: Any) -> Any:
        attend = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        return attend(query, key, value, dropout_p, attn_mask=attn_mask, scale=options.get("scale"))[0]

    usual, functional.scaled_dot_product_attention = functional.scaled_dot_product_attention, fused
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = usual


def metas(images: Any) -> list[dict]:
    """Return what mmsegmentation asks about images (N, 3, H, W)."""
    return [{"img_shape": tuple(images.shape[2:])}] * len(images)


def saved_bytes(compute: Callable, module: Any, *inputs: Any) -> int:
    """Return the bytes of the tensors that a computation leaves for its backward pass, besides the parameters."""
    import torch

    storages = {}

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        storages[storage._cdata] = storage  # keeps it, so that no other gets its address
        return tensor

    with fused_attention(), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        computed = compute(module, *inputs)
    own = {parameter.untyped_storage()._cdata for parameter in module.parameters()}
    del computed
    return sum(storage.nbytes() for address, storage in storages.items() if address not in own)


def main() -> None:
    """Write networks.json."""
    models = sorted(path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob(CONFIGS))
    found = {
        "priors": {name: count_prior(name, side) for name, side in PRIORS.items()},
        "models": {name: count_model(name) for name in models if not Path(name).name.startswith("_")},
    }
    RECORD.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
