"""Rein (Wei et al., CVPR 2024, section 3): learnable tokens that refine a frozen transformer's features."""

import math

import torch
from torch import Tensor, nn


class Rein(nn.Module):
    """Low-rank tokens of each layer, and linear layers that all layers share.

    Between two layers of the transformer, each patch attends to the tokens of the layer, and what it finds there is
    added to its feature. The class token is left as it is.
    """

    def __init__(
        self, layers: int, width: int, patch: int, tokens: int = 100, rank: int = 16, queries: int | None = None
    ) -> None:
        """Draw the initial weights, as the published code does.

        Args:
            layers: of the transformer.
            width: its number of channels C.
            patch: side of its patches in pixels, on which the range of the initial tokens depends.
            tokens: number of tokens m of each layer.
            rank: of the matrix of a layer's tokens (equation 11).
            queries: width Q of the decoder's queries that are linked to the tokens; None: no link.
        """
        super().__init__()
        self.tokens_a = nn.Parameter(torch.empty(layers, tokens, rank))
        self.tokens_b = nn.Parameter(torch.empty(layers, rank, width))
        bound = math.sqrt(6.0 / (3 * patch**2 + math.sqrt(width * rank)))
        for factor in (self.tokens_a, self.tokens_b):
            nn.init.uniform_(factor, -bound, bound)
        self.to_feature = nn.Linear(width, width)  # W_T, b_T
        self.refine = nn.Linear(width, width)  # W_f, b_f
        self.scale = nn.Parameter(torch.tensor(0.001))
        if queries:
            self.to_query = nn.Linear(width, queries)  # W_Qi, b_Qi
            self.merge = nn.Linear(3 * queries, queries)  # W_Q, b_Q

    def forward(self, x: Tensor, layer: int) -> Tensor:
        """Return the output (N, 1 + L, C) of a layer with refined patches (equations 3 to 6)."""
        features = x[:, 1:]  # (N, L, C)
        tokens = self.tokens_a[layer] @ self.tokens_b[layer]  # (m, C)
        similarity = (features @ tokens.T * tokens.shape[1] ** -0.5).softmax(-1)  # (N, L, m)
        found = similarity[..., 1:] @ self.to_feature(tokens[1:])  # (N, L, C); the first token stands for no change
        refined = features + self.scale * self.refine(found + features)
        return torch.cat([x[:, :1], refined], dim=1)

    def queries(self) -> Tensor:
        """Return the queries (m, Q) that are linked to the tokens: of their maximum, mean and last layer (8 to 10)."""
        queries = self.to_query(self.tokens_a @ self.tokens_b)  # (layers, m, Q)
        return self.merge(torch.cat([queries.amax(0), queries.mean(0), queries[-1]], dim=-1))
