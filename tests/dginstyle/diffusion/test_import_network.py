"""Networks of others: from a hub, a folder or a file, in the published layout, to a folder that the generator loads."""

import hashlib
import json
import shutil

import pytest
import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from safetensors.torch import save_file

from dginstyle.diffusion.download_network import download_network
from dginstyle.diffusion.import_network import import_network
from dginstyle.diffusion.networks import GeneratorNetworks
from dginstyle.diffusion.origins import NetworkOrigin
from tests.dginstyle.diffusion.hub_server import COMMIT, REPOSITORY, serving
from tests.dginstyle.diffusion.published_networks import write_pickled, write_published_controlnet, write_published_unet

WEIGHTS = "diffusion_pytorch_model.bin"


@pytest.fixture
def published(tmp_path, prior, controlnet):
    """A repository with a ControlNet and a U^S as published, of random weights."""
    folder = write_published_controlnet(tmp_path / "published", ControlNetModel.from_pretrained(controlnet))
    return write_published_unet(folder, UNet2DConditionModel.from_pretrained(prior, subfolder="unet"))


@pytest.fixture
def hub(published, monkeypatch):
    with serving(published, monkeypatch) as server:
        yield server


def same(first, second):
    one, other = first.state_dict(), second.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_published_controlnet_gets_its_20_channels(published, prior, controlnet, tmp_path):
    place = published / "ControlNet_UNet-S"
    assert "conditioning_channels" not in json.loads((place / "config.json").read_text())
    import_network(network="controlnet", origin=place, prior=prior, output=tmp_path / "controlnet")
    networks = GeneratorNetworks.load(prior, tmp_path / "controlnet", None, "ddim", "fp32")
    assert networks.controlnet.config.conditioning_channels == 20
    assert same(networks.controlnet, ControlNetModel.from_pretrained(controlnet))
    found = json.loads((tmp_path / "controlnet/imported.json").read_text())
    assert found == {"file": WEIGHTS, "sha256": hashlib.sha256((place / WEIGHTS).read_bytes()).hexdigest()}


def test_source_unet_is_found_in_a_pipeline(published, prior, tmp_path):
    places = {"origin": published, "subfolder": "U-Net-Source-Finetuned", "output": tmp_path / "unet"}
    import_network(network="unet_source", prior=prior, **places)
    found = UNet2DConditionModel.from_pretrained(tmp_path / "unet")
    assert same(found, UNet2DConditionModel.from_pretrained(prior, subfolder="unet"))


@pytest.mark.parametrize("network", ["controlnet", "unet_source"])
def test_lone_weights_file_has_the_architecture_of_the_prior(published, prior, tmp_path, network):
    folder = {"controlnet": "ControlNet_UNet-S", "unet_source": "U-Net-Source-Finetuned/unet"}[network]
    halves = {name: value.half() for name, value in torch.load(published / folder / WEIGHTS).items()}
    save_file(halves, tmp_path / "weights.safetensors")
    import_network(network=network, origin=tmp_path / "weights.safetensors", prior=prior, output=tmp_path / "out")
    kind = ControlNetModel if network == "controlnet" else UNet2DConditionModel
    found = kind.from_pretrained(tmp_path / "out").state_dict()
    assert {value.dtype for value in found.values()} == {torch.float32}
    assert all(torch.equal(found[name], halves[name].float()) for name in found)


@pytest.mark.parametrize("pin", [{"revision": COMMIT}, {"sha256": None}])
def test_network_is_downloaded_from_the_hub(hub, published, tmp_path, pin):
    content = (published / "ControlNet_UNet-S" / WEIGHTS).read_bytes()
    pin = pin if "revision" in pin else {"sha256": hashlib.sha256(content).hexdigest()}
    options = NetworkOrigin(origin=REPOSITORY, subfolder="ControlNet_UNet-S", **pin)
    download_network(network="controlnet", options=options, output=tmp_path / "download")
    files = {path.relative_to(tmp_path / "download").as_posix() for path in (tmp_path / "download").rglob("*")}
    assert files == {"download.json", "ControlNet_UNet-S"} | {
        f"ControlNet_UNet-S/{n}" for n in ("config.json", WEIGHTS)
    }
    assert (tmp_path / "download/ControlNet_UNet-S" / WEIGHTS).read_bytes() == content
    assert any(f"/{pin.get('revision', 'main')}/" in path for path in hub.asked)


def test_only_the_unet_of_a_pipeline_is_downloaded(hub, tmp_path):
    options = NetworkOrigin(origin=REPOSITORY, subfolder="U-Net-Source-Finetuned", revision=COMMIT)
    download_network(network="unet_source", options=options, output=tmp_path / "download")
    files = sorted(path.name for path in (tmp_path / "download").rglob("*") if path.is_file())
    assert files == ["config.json", WEIGHTS, "download.json"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"revision": None}, "someone/DGInStyle can change on the hub: add its revision"),
        ({"subfolder": "ControlNet"}, "someone/DGInStyle/ControlNet holds no config.json"),
        ({"origin": "someone/else"}, "cannot be downloaded .*: check network and name"),
        ({"sha256": "0" * 64}, "its sha256 is [0-9a-f]{64}, not 0000"),
    ],
)
def test_failed_download_is_one_sentence(hub, tmp_path, changes, sentence):
    values = {"origin": REPOSITORY, "subfolder": "ControlNet_UNet-S", "revision": COMMIT} | changes
    with pytest.raises(SystemExit, match=sentence) as error:
        download_network(network="controlnet", options=NetworkOrigin(**values), output=tmp_path / "download")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "download").exists()


class Code:
    ran: list[str] = []

    def __reduce__(self):
        return (Code.ran.append, ("ran",))


def with_code(folder):
    torch.save({"conv_in.weight": Code()}, folder / WEIGHTS)


def narrow(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"cross_attention_dim": 24}))
    network = ControlNetModel.from_config(config | {"cross_attention_dim": 24, "conditioning_channels": 20})
    torch.save(network.state_dict(), folder / WEIGHTS)


def coloured(folder):
    config = json.loads((folder / "config.json").read_text()) | {"conditioning_channels": 3}
    shutil.rmtree(folder)
    write_pickled(folder, ControlNetModel.from_config(config))


def another(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"_class_name": "UNet2DConditionModel"}))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (shutil.rmtree, "ControlNet_UNet-S does not exist: correct origin or subfolder"),
        (
            lambda folder: (folder / WEIGHTS).unlink(),
            "holds no config.json with diffusion_pytorch_model.safetensors or",
        ),
        (lambda folder: (folder / WEIGHTS).write_bytes(b"PK"), "is damaged or"),
        (lambda folder: torch.save({}, folder / WEIGHTS), "not the weights of this ControlNetModel"),
        (lambda folder: torch.save([1], folder / WEIGHTS), "holds no weights of a network"),
        (with_code, "holds code besides weights, and is not loaded"),
        (narrow, "does not fit the prior .*: cross_attention_dim is 24, not 16"),
        (coloured, "expects 3 channels and downsamples by 2, but label maps have 20"),
        (another, "is a UNet2DConditionModel, not a ControlNetModel"),
    ],
)
def test_unusable_network_is_one_sentence(published, prior, tmp_path, damage, sentence):
    folder = published / "ControlNet_UNet-S"
    damage(folder)
    with pytest.raises(SystemExit, match=sentence) as error:
        import_network(network="controlnet", origin=folder, prior=prior, output=tmp_path / "out")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()
    assert Code.ran == []
