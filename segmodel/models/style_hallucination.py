"""Style hallucination (Zhao et al., SHADE, ECCV 2022, section 3.2) after the first stage of a Mix Transformer."""

import torch
from mmseg.models.backbones import MixVisionTransformer
from torch import Tensor, nn

from segmodel.devices import sent
from segmodel.models.styles import farthest_points, style_of, stylised


class StyleHallucination(nn.Module):
    """Appends each image of a batch in a hallucinated style: a mixture of prototypes, which are styles of the source.

    It is no part of the model: weights have the same names with and without it. Its state are the prototypes.
    """

    def __init__(self, encoder: nn.Module, styles: int | None = None, concentration: float | None = None) -> None:
        """Hallucinate in the training mode of an encoder, after the last norm of its first stage.

        Args:
            encoder: the Mix Transformer.
            styles: number of prototypes; None: as many as the stage has channels.
            concentration: of the Dirichlet distribution of the weights; None: 1 / ``styles``.

        Raises:
            SystemExit: the encoder is no Mix Transformer.
        """
        super().__init__()
        if not isinstance(encoder, MixVisionTransformer):
            raise SystemExit(
                f"shade works with Mix Transformers only, not with {type(encoder).__name__}: "
                "set shade: null in the training set, or leave this model out"
            )
        self._stage = [encoder.layers[0]]  # in a list, so that it is not a submodule
        channels = encoder.embed_dims * encoder.num_heads[0]
        styles = styles or channels
        self.concentration = concentration or 1.0 / styles
        self.register_buffer("means", torch.zeros(styles, channels))
        self.register_buffer("deviations", torch.zeros(styles, channels))
        encoder.layers[0][2].register_forward_hook(self._append)

    def forward(self, features: Tensor) -> Tensor:
        """Return first-stage features (N, L, C) followed by their stylised copies: (2 N, L, C)."""
        weights = sent(self.draw_weights(len(features)), self.means.device)[:, :, None]  # (N, styles, 1)
        # A sum of products, because autocast would mix in half precision with a matrix product.
        means, deviations = ((weights * prototypes).sum(1) for prototypes in (self.means, self.deviations))  # (N, C)
        copies = stylised(features, means, deviations)  # (N, L, C)
        return torch.cat([features, copies.to(features)])

    @torch.compiler.disable
    def draw_weights(self, number: int) -> Tensor:
        """Draw mixtures (number, styles) from torch's global generator on the CPU, the same ones for every device."""
        parameter = torch.full((len(self.means),), self.concentration, dtype=torch.float64)  # float32 could underflow
        return torch.distributions.Dirichlet(parameter).sample((number,)).float()

    @torch.no_grad()
    def style_vectors(self, images: Tensor) -> Tensor:
        """Return means and deviations (N, 2 C) after the first stage, for normalised images (N, 3, H, W).

        The encoder must be in evaluation mode.
        """
        embed, blocks, norm = self._stage[0]
        x, size = embed(images)  # (N, L, C)
        for block in blocks:
            x = block(x, size)
        return torch.cat(style_of(norm(x)), dim=1)

    def select_prototypes(self, vectors: Tensor, first: int) -> None:
        """Take the prototypes from style vectors (M, 2 C) by farthest point sampling that starts at ``first``."""
        chosen = vectors[farthest_points(vectors.double(), len(self.means), first)]  # (styles, 2 C)
        means, deviations = chosen.chunk(2, dim=1)
        self.means.copy_(means)
        self.deviations.copy_(deviations)

    def _append(self, norm: nn.Module, _inputs: tuple, features: Tensor) -> Tensor:
        return self(features) if norm.training else features
