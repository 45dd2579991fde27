"""Precision of the networks: the autoencoder's is its own, and a CPU has no fp16."""

import pytest
import torch

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.diffusion.networks import GeneratorNetworks
from dginstyle.generation.options import SamplingOptions
from dginstyle.generation.synthesis import Synthesiser
from dginstyle.training.controlnet import ControlNetTask
from dginstyle.training.dreambooth import Dreambooth, SourceImages
from dginstyle.training.loop import start
from tests.dginstyle.trainings import CONTROLNET, DREAMBOOTH

pytestmark = pytest.mark.usefixtures("one_accelerator_a_test")
SAMPLING = SamplingOptions(crop=(32, 32), scheduler="ddim", steps=1, guidance=1.0)
BOTH = pytest.mark.parametrize(
    ("chosen", "dtype"), [({}, torch.float32), ({"autoencoder_precision": "bf16"}, torch.bfloat16)]
)


@BOTH
def test_a_generator_in_bf16_keeps_its_autoencoder_in_fp32_unless_told(prior, controlnet, chosen, dtype):
    generate = Synthesiser.load(prior, controlnet, None, SAMPLING.replace(precision="bf16", **chosen))
    assert generate.denoiser.unet.dtype == generate.text_encoder.model.dtype == torch.bfloat16
    assert generate.vae.dtype == dtype
    assert generate([torch.zeros(32, 32, dtype=torch.uint8).numpy()], ["road"], [0]).std() > 0


@BOTH
def test_a_training_in_bf16_keeps_its_autoencoder_in_fp32_unless_told(prior, source, unet, chosen, dtype):
    options = CONTROLNET.replace(precision="bf16", **chosen)
    task = ControlNetTask.load(prior, unet, [], options, seed=0)
    assert (task.unet.dtype, task.vae.dtype) == (torch.bfloat16, dtype)
    options = DREAMBOOTH.replace(precision="bf16", **chosen)
    task = Dreambooth.load(prior, SourceImages(SourceSet(source), options, 0), options)
    assert (task.network.dtype, task.vae.dtype) == (torch.float32, dtype)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("key", ["precision", "autoencoder_precision"])
def test_fp16_on_a_cpu_is_refused(prior, controlnet, source, key):
    with pytest.raises(SystemExit, match="fp16 does not work on a CPU: use fp32 or bf16"):
        Synthesiser(GeneratorNetworks.load(prior, controlnet, None, "ddim", "fp32"), SAMPLING.replace(**{key: "fp16"}))
    options = DREAMBOOTH.replace(**{key: "fp16"})
    task = Dreambooth.load(prior, SourceImages(SourceSet(source), options, 0), options)
    with pytest.raises(SystemExit, match="fp16 does not work on"):
        start(task, options)
