"""A training iteration does not wait for the GPU, and compiled networks have no graph breaks."""

from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from mmengine.structures import PixelData
from mmseg.models import CrossEntropyLoss
from mmseg.structures import SegDataSample
from torch._dynamo.utils import counters

from segmodel.models import build_model, read_config
from segmodel.training.trainer import Trainer
from tests.host import host_access

META = torch.device("meta")


def model(name):
    """Return a mini model with the published losses: the feature distance, and no class weights."""
    config = read_config(Path(f"segmodel/configs/{name}.py"))
    config.model.distance = {"weight": 0.005, "classes": (6, 7, 11), "min_share": 0.5}
    network = build_model(config, seed=0)
    for module in network.modules():
        if isinstance(module, CrossEntropyLoss):
            module.class_weight = None
    return network.train()


def batch(device="cpu"):
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 19, (2, 1, 64, 64), generator=rng)
    labels[:, :, :8] = 255
    samples = [SegDataSample(gt_sem_seg=PixelData(data=label.to(device))) for label in labels]
    images = torch.randint(0, 256, (2, 3, 64, 64), generator=rng, dtype=torch.uint8).to(device)
    for sample in samples:
        sample.set_metainfo({"img_shape": (64, 64)})
    return {"inputs": list(images), "data_samples": samples}


@pytest.mark.parametrize("name", ["daformer_mini", "hrda_mini"])
def test_the_loss_reads_nothing_and_sends_only_the_thing_classes(name):
    network = model(name).to(META)
    data = network.data_preprocessor(batch(META), training=True)
    network.loss(**data)
    with host_access() as counted:
        sum(network.loss(**data).values()).backward()
    assert counted["sent"] == 1


def test_the_loss_is_that_of_mmsegmentation_s_head():
    network, data = model("daformer_mini"), batch()
    network.decode_head.dropout = None
    data = network.data_preprocessor(data, training=True)
    with torch.no_grad():
        logits = network.decode_head(network.extract_feat(data["inputs"]))
        ours = network.segmentation_loss(logits, data["data_samples"])
        theirs = network.decode_head.loss_by_feat(logits, data["data_samples"])
    assert torch.equal(ours["decode.loss_ce"], theirs["loss_ce"])


@pytest.mark.parametrize("name", ["segformer_mini", "hrda_mini"])
def test_compiled_networks_train_alike_without_graph_breaks(name, monkeypatch):
    def losses(compiled):
        accelerator, network = Accelerator(cpu=True), model(name)
        trainer = Trainer(
            network, torch.optim.SGD([{"params": list(network.parameters()), "initial_lr": 0.01}]), accelerator, seed=0
        )
        if compiled:
            trainer.compile()
        return [trainer.step(batch(), iteration, 1.0).item() for iteration in range(2)]

    compile = torch.compile
    monkeypatch.setattr(torch, "compile", lambda call: compile(call, backend="eager"))
    torch._dynamo.reset()
    counters.clear()
    assert losses(compiled=True) == pytest.approx(losses(compiled=False), rel=1e-5)
    assert counters["frames"]["ok"] >= (2 if name == "segformer_mini" else 3)  # HRDA has a head for its attention
    assert not counters["graph_break"]
