"""The mini prior's autoencoder: a PCA encoder and a trained decoder."""

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

# RGB → brightness, yellow–blue, red–green; chroma, a tenth of the variance, is scaled up so that it is not lost.
OPPONENT = torch.tensor([[0.667, 0.667, 0.667], [1.25, 1.25, -2.5], [2.5, -2.5, 0.0]])
_STEADY = 100.0  # constant in the last norm's groups, large compared to the latents, to keep their scale fixed


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    """Return the loss of images (N, 3, H, W): L2 in opponent colours and of their 4×4 means, L1, and L1 of edges."""
    difference = torch.einsum("kc,nchw->nkhw", OPPONENT.to(output), output - target)
    pixels = difference.square().mean() + (output - target).abs().mean()
    pooled = F.avg_pool2d(difference, 4).square().mean()
    edges = torch.diff(difference, dim=-1).abs().mean() + torch.diff(difference, dim=-2).abs().mean()
    return pixels + pooled + 0.25 * edges


def principal_components(images: Tensor, count: int, factor: int) -> Tensor:
    """Return the principal components (count, 3, factor, factor) of the patches of images (N, 3, H, W) in −1..1.

    Component i is divided by the square root of its standard deviation: latents are of about unit scale, and coarse
    components stay larger, so that the denoiser resolves them first.
    """
    size = 3 * factor**2
    patches = F.pixel_unshuffle(images, factor).movedim(1, -1).reshape(-1, size).double()  # (n, 3·factor²)
    variances, directions = torch.linalg.eigh(torch.cov(patches.T))
    order = torch.argsort(variances, descending=True)[:count]
    scaled_directions = directions[:, order] / variances[order].pow(0.25)
    return scaled_directions.T.reshape(count, 3, factor, factor).float()


@torch.no_grad()
def set_encoder(vae: AutoencoderKL, components: Tensor) -> None:
    """Set the encoder's weights so that its latents are the given components (C, 3, factor, factor) of each patch.

    Trained from scratch, such a small encoder loses colours for thousands of steps and ends below the linear optimum
    (20 dB versus 28 dB for eight components). Its layers can represent that optimum: the strided convolutions gather a
    patch into channels, the residual branches are zero, and pairs ±z pass the last SiLU unchanged.
    """
    encoder, count = vae.encoder, len(components)
    for block in encoder.modules():
        if isinstance(block, ResnetBlock2D):
            _clear(block.conv2)  # only the shortcut is left
    _copy_through(encoder.conv_in, 3)
    channels, side = 3, 1
    places = torch.arange(3)[:, None, None]  # channel of (colour, row, column)
    *gathering, projecting, _ = encoder.down_blocks
    for level, block in enumerate(gathering):
        if level:
            _copy_through(block.resnets[0].conv_shortcut, channels)
        places = _gather(block.downsamplers[0].conv, channels, places)
        channels, side = 4 * channels, 2 * side
    _copy_through(projecting.resnets[0].conv_shortcut, channels)
    project = projecting.downsamplers[0].conv
    _clear(project)
    for row, column in np.ndindex(2, 2):
        patch = components[:, :, row * side : (row + 1) * side, column * side : (column + 1) * side]
        project.weight[:count, places.flatten(), row, column] = patch.flatten(1)
    _set_head(vae, encoder.down_blocks[-1].resnets[0].conv_shortcut, count)


def _gather(layer: nn.Conv2d, channels: int, places: Tensor) -> Tensor:
    """Copy each 2×2 neighbourhood into channels; return the channel of (colour, row, column) of the larger patch."""
    _clear(layer)
    for row, column in np.ndindex(2, 2):
        for channel in range(channels):
            layer.weight[(2 * row + column) * channels + channel, channel, row, column] = 1
    rows = [torch.cat([places + (2 * row + column) * channels for column in range(2)], dim=2) for row in range(2)]
    return torch.cat(rows, dim=1)


def _set_head(vae: AutoencoderKL, shortcut: nn.Conv2d, count: int) -> None:
    """Pass the components through the last norm and SiLU to the posterior's mean; its deviation is small and fixed."""
    encoder, groups = vae.encoder, vae.encoder.conv_norm_out.num_groups
    size, per_group = encoder.conv_norm_out.num_channels // groups, count // groups
    for layer in (shortcut, encoder.conv_out, vae.quant_conv):
        _clear(layer)
    encoder.conv_norm_out.weight.zero_()
    encoder.conv_norm_out.bias.zero_()
    constants = size - 2 * per_group
    for component in range(count):
        group, place = divmod(component, per_group)
        for sign in (0, 1):
            channel = group * size + 2 * place + sign
            shortcut.weight[channel, component, 0, 0] = 1 - 2 * sign
            encoder.conv_norm_out.weight[channel] = _STEADY * np.sqrt(constants / size)
            encoder.conv_out.weight[component, channel, 1, 1] = 1 - 2 * sign
        vae.quant_conv.weight[component, component] = 1
    for group in range(groups):
        start = group * size + 2 * per_group
        shortcut.bias[start : start + constants : 2] = _STEADY
        shortcut.bias[start + 1 : start + constants : 2] = -_STEADY
    vae.quant_conv.bias[count:] = -8.0


def _clear(layer: nn.Conv2d) -> None:
    layer.weight.zero_()
    layer.bias.zero_()


def _copy_through(layer: nn.Conv2d, channels: int) -> None:
    """Make a convolution the identity on the first channels."""
    _clear(layer)
    middle = layer.kernel_size[0] // 2
    for channel in range(channels):
        layer.weight[channel, channel, middle, middle] = 1


def scaled(images: Tensor) -> Tensor:
    """Return uint8 images as float32 in −1..1."""
    return images.float() / 127.5 - 1
