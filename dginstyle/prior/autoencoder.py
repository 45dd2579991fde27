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


def principal_components(images: Tensor, count: int) -> Tensor:
    """Return the principal components (count, 3, 4, 4) of the 4×4 patches of images (N, 3, H, W) in −1..1.

    Component i is divided by the square root of its standard deviation: latents are of about unit scale, and coarse
    components stay larger, so that the denoiser resolves them first.
    """
    patches = F.pixel_unshuffle(images, 4).movedim(1, -1).reshape(-1, 48).double()  # (n, 3·4·4)
    variances, directions = torch.linalg.eigh(torch.cov(patches.T))
    order = torch.argsort(variances, descending=True)[:count]
    scaled_directions = directions[:, order] / variances[order].pow(0.25)
    return scaled_directions.T.reshape(count, 3, 4, 4).float()


@torch.no_grad()
def set_encoder(vae: AutoencoderKL, components: Tensor) -> None:
    """Set the encoder's weights so that its latents are the given components of each 4×4 patch.

    Trained from scratch, such a small encoder loses colours for thousands of steps and ends below the linear optimum
    (20 dB versus 28 dB for eight components). Its layers can represent that optimum: the strided convolutions gather a
    patch into channels, the residual branches are zero, and pairs ±z pass the last SiLU unchanged.
    """
    encoder, count = vae.encoder, len(components)
    for block in encoder.modules():
        if isinstance(block, ResnetBlock2D):
            _clear(block.conv2)  # only the shortcut is left
    _copy_through(encoder.conv_in, 3)
    first, second, third = encoder.down_blocks
    gather = first.downsamplers[0].conv
    _clear(gather)
    for row in range(2):
        for column in range(2):
            for colour in range(3):
                gather.weight[4 * colour + 2 * row + column, colour, row, column] = 1
    _copy_through(second.resnets[0].conv_shortcut, 12)
    project = second.downsamplers[0].conv
    _clear(project)
    for row in range(4):
        for column in range(4):
            channels = [4 * colour + 2 * (row % 2) + column % 2 for colour in range(3)]
            project.weight[:count, channels, row // 2, column // 2] = components[:, :, row, column]
    _set_head(vae, third.resnets[0].conv_shortcut, count)


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


@torch.inference_mode()
def encode_all(vae: AutoencoderKL, images: Tensor, batch_size: int = 64) -> Tensor:
    """Return the unscaled latents (N, C, H/4, W/4) of images (N, 3, H, W) uint8."""
    return torch.cat([vae.encode(scaled(batch)).latent_dist.mean for batch in images.split(batch_size)]).clone()


def scaled(images: Tensor) -> Tensor:
    """Return uint8 images as float32 in −1..1."""
    return images.float() / 127.5 - 1
