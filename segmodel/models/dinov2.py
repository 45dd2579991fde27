"""DINOv2's transformers (Oquab et al., 2023), by transformers: frozen, with LoRA, with Rein, or trained whole."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor
from torch.nn import functional as F
from transformers import Dinov2Config, Dinov2Model
from transformers.utils.logging import disable_progress_bar

from segmodel.models.rein import Rein

Tuning = Literal["frozen", "lora", "rein", "full"]


@dataclass(frozen=True)
class Release:
    """A published transformer: its shape, the layers that feed a feature pyramid, and its weights on the hub."""

    name: str
    width: int
    layers: int
    heads: int
    taken: tuple[int, ...]
    revision: str
    sha256: str


RELEASES = {
    "s": Release(
        *("small", 384, 12, 6, (2, 5, 8, 11), "ed25f3a31f01632728cabb09d1542f84ab7b0056"),
        "ae1e99fcefd534ed978cdeb8326f08030c96e28b7a81ffcbc98a857c84d14be1",
    ),
    "b": Release(
        *("base", 768, 12, 12, (2, 5, 8, 11), "f9e44c814b77203eaa57a6bdbbd535f21ede1415"),
        "d73036b56966966d07975d696bde331762f37297e2f095de8cea0040c3aa0841",
    ),
    "l": Release(
        *("large", 1024, 24, 16, (7, 11, 15, 23), "47b73eefe95e8d44ec3623f8890bd894b6ea2d6c"),
        "399fba97a95f22c36834418bc69373364a99af3a1153da1c0fb31db567c92e23",
    ),
}
"""By size. The layers taken from the large one are Rein's."""


def dinov2_architecture(size: str) -> dict[str, int]:
    """Return the values of ``Dinov2Config`` of a size: s, b or l."""
    release = RELEASES[size]
    return {
        "hidden_size": release.width,
        "num_hidden_layers": release.layers,
        "num_attention_heads": release.heads,
        "patch_size": 14,
        "image_size": 518,
    }


def dinov2_channels(size: str) -> list[int]:
    """Return the numbers of channels of the four feature maps of a size, all the same."""
    return [RELEASES[size].width] * 4


def dinov2_layers(size: str) -> tuple[int, ...]:
    """Return the four layers of a size, from 0, that feed a feature pyramid."""
    return RELEASES[size].taken


def dinov2_weights(size: str) -> dict[str, str]:
    """Return the ``encoder_weights`` of a size: the hub's repository, its commit, and the hash of the file."""
    release = RELEASES[size]
    return {"hub": f"facebook/dinov2-{release.name}", "revision": release.revision, "sha256": release.sha256}


@MODELS.register_module()
class DINOv2(BaseModule):
    """A vision transformer whose layers' outputs are feature maps.

    Images are enlarged bilinearly until their sides are multiples of the patch: a crop of 512 to 518, the size at which
    DINOv2 was trained last.
    """

    def __init__(
        self,
        architecture: Mapping[str, int],
        layers: Sequence[int],
        scales: Sequence[float] = (4, 2, 1, 0.5),
        norm: bool = False,
        tuning: Tuning = "frozen",
        lora: Mapping[str, Any] | None = None,
        rein: Mapping[str, Any] | None = None,
    ) -> None:
        """Build the transformer with random weights, drawn from torch's global generator.

        Args:
            architecture: values of transformers' ``Dinov2Config``.
            layers: the layers, from 0, whose outputs are returned.
            scales: by which the feature map of each of them is resized; a plain transformer has no pyramid.
            norm: whether the last layer norm is applied to them.
            tuning: what is trained: nothing, low-rank adapters of the attention, Rein's tokens, or everything.
            lora: arguments of peft's ``LoraConfig`` for ``lora``.
            rein: arguments of ``Rein`` for ``rein``.

        Raises:
            ValueError: there is no such layer, or there is not one scale per layer.
        """
        super().__init__()
        self.vit = Dinov2Model(Dinov2Config(**architecture))
        self.patch = architecture["patch_size"]
        self.layers, self.scales, self.norm = tuple(layers), tuple(scales), norm
        depth = len(self.vit.encoder.layer)
        if len(self.layers) != len(self.scales) or not set(self.layers) <= set(range(depth)):
            raise ValueError(f"layers {self.layers} need one scale each, and must be among the {depth} of the encoder")
        self.vit.requires_grad_(tuning == "full")
        for unused in (self.vit.embeddings.mask_token, *(() if norm else self.vit.layernorm.parameters())):
            unused.requires_grad_(False)
        if tuning == "lora":
            inject_adapter_in_model(LoraConfig(**(lora or {})), self.vit)
        width = self.vit.config.hidden_size
        self.rein = Rein(depth, width, self.patch, **(rein or {})) if tuning == "rein" else None

    def init_weights(self) -> None:
        """Keep the weights: they are drawn when the transformer is built."""

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the feature maps (N, C, h_i, w_i) of normalised images (N, 3, H, W).

        With queries linked to Rein's tokens, they are a further item, (m, Q).
        """
        images = self.enlarged(images)
        grid = [side // self.patch for side in images.shape[2:]]
        x = self.vit.embeddings(images)  # (N, 1 + h w, C)
        outputs = {}
        for index, layer in enumerate(self.vit.encoder.layer):
            x = layer(x)
            if self.rein is not None:
                x = self.rein(x, index)
            if index in self.layers:
                outputs[index] = self.vit.layernorm(x) if self.norm else x
        maps = [outputs[index][:, 1:].transpose(1, 2).unflatten(2, grid) for index in self.layers]  # (N, C, h, w) each
        levels = [rescaled(values, scale) for values, scale in zip(maps, self.scales, strict=True)]
        return [*levels, self.rein.queries()] if hasattr(self.rein, "merge") else levels

    def enlarged(self, images: Tensor) -> Tensor:
        """Return images (N, 3, H, W) resized so that their sides are multiples of the patch."""
        size = [math.ceil(side / self.patch) * self.patch for side in images.shape[2:]]
        return F.interpolate(images, size, mode="bilinear", align_corners=False)

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Load a transformer's weights under the hub's names; adapters and tokens keep theirs.

        Raises:
            ValueError: weights are missing, left over, or of another shape.
        """
        disable_progress_bar()
        try:
            published, found = Dinov2Model.from_pretrained(
                None, config=self.vit.config, state_dict=state, output_loading_info=True
            )
        except RuntimeError as error:  # another shape
            raise ValueError(" ".join(str(error).split())) from None
        wrong = sorted([*found["missing_keys"], *found["unexpected_keys"]])
        if wrong:
            raise ValueError(f"{len(wrong)} weights are missing or left over, such as {wrong[0]}")
        own = {name.replace(".base_layer.", "."): value for name, value in self.vit.state_dict().items()}
        with torch.no_grad():
            for name, value in published.state_dict().items():
                own[name].copy_(value)


def rescaled(values: Tensor, scale: float) -> Tensor:
    """Return a feature map (N, C, h, w) resized bilinearly by a factor."""
    return values if scale == 1 else F.interpolate(values, scale_factor=scale, mode="bilinear", align_corners=False)
