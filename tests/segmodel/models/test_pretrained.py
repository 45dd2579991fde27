import hashlib
from pathlib import Path

import pytest
import torch
from mmseg.registry import MODELS

from segmodel.models import build_model, read_config
from segmodel.models.download_encoder import download_encoder
from segmodel.models.draw_encoder import draw_encoder
from segmodel.models.mit import MixTransformer
from segmodel.models.pretrained import encoder_state, fetched

CONFIGS = Path(__file__).parents[3] / "segmodel" / "configs"


@pytest.fixture(autouse=True)
def checkpoints(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    return tmp_path / "hub" / "checkpoints"


@pytest.fixture
def publish(tmp_path):
    """Save weights with the hash in their name, as in a model zoo, and return their URL."""

    def call(state, digits=8):
        torch.save(state, tmp_path / "file.pth")
        sha256 = hashlib.sha256((tmp_path / "file.pth").read_bytes()).hexdigest()
        return (tmp_path / "file.pth").rename(tmp_path / f"encoder-{sha256[:digits]}.pth").as_uri()

    return call


@pytest.fixture
def config():
    """The smallest DeepLabV2, whose encoder is a ResNet."""
    return read_config(CONFIGS / "deeplabv2_mini.py")


def test_encoder_starts_from_pretrained_weights_without_their_classifier(config, publish):
    encoder = MODELS.build(config.model.backbone)
    classifier = {"fc.weight": torch.zeros(1000, 128), "fc.bias": torch.zeros(1000)}
    config.encoder_weights = publish({"state_dict": encoder.state_dict() | classifier})
    model = build_model(config, seed=0)
    assert all(torch.equal(value, model.backbone.state_dict()[name]) for name, value in encoder.state_dict().items())


def test_feature_distance_uses_the_pretrained_encoder(publish):
    config = read_config(CONFIGS / "daformer_b5.py")
    encoder = MixTransformer("b0")
    config.merge_from_dict({"encoder_weights": publish(encoder.state_dict()), "model.backbone.size": "b0"})
    config.model.decode_head.in_channels = [32, 64, 160, 256]
    (reference,) = build_model(config, seed=0)._reference
    assert all(torch.equal(value, reference.state_dict()[name]) for name, value in encoder.state_dict().items())


def test_weights_of_another_encoder_are_rejected(config, publish):
    config.encoder_weights = publish({"conv.weight": torch.zeros(1)})
    with pytest.raises(SystemExit, match="weights of another encoder"):
        build_model(config, seed=0)


def test_file_is_downloaded_once(publish, checkpoints):
    url = publish({"a": torch.zeros(1)})
    fetched(url)
    assert [path.name for path in checkpoints.iterdir()] == [url.rpartition("/")[2]]
    Path(url.removeprefix("file://")).unlink()
    assert fetched(url).keys() == {"a"}


def test_file_with_another_hash_is_rejected_and_not_kept(publish, tmp_path, checkpoints):
    Path(publish({"a": torch.zeros(1)}).removeprefix("file://")).rename(tmp_path / "encoder-01234567.pth")
    with pytest.raises(SystemExit, match="invalid hash value .*delete it to download it again"):
        fetched((tmp_path / "encoder-01234567.pth").as_uri())
    assert not list(checkpoints.iterdir())


def test_damaged_file_is_rejected(publish, checkpoints):
    url = publish({"a": torch.zeros(1)})
    fetched(url)
    (checkpoints / url.rpartition("/")[2]).write_bytes(b"something else")
    with pytest.raises(SystemExit, match="delete it to download it again"):
        fetched(url)


def test_file_without_a_hash_in_its_name_is_rejected():
    with pytest.raises(SystemExit, match="no hash to verify"):
        fetched("https://unreachable.invalid/encoder.pth")


def test_failed_download_says_where_to_put_the_file(checkpoints, tmp_path):
    with pytest.raises(SystemExit, match=f"put it at {checkpoints}/encoder-01234567.pth"):
        fetched((tmp_path / "encoder-01234567.pth").as_uri())


def test_original_names_are_converted():
    state = {
        "patch_embed1.proj.weight": torch.zeros(1),
        "norm4.weight": torch.ones(2),
        "head.weight": torch.zeros(1000, 2),
    }
    assert encoder_state(state).keys() == {"layers.0.0.projection.weight", "layers.3.2.weight"}


@pytest.fixture
def published(publish, tmp_path):
    """A model configuration with published encoder weights, and the encoder."""
    mini = CONFIGS / "deeplabv2_mini.py"
    encoder = MODELS.build(read_config(mini).model.backbone)
    config = tmp_path / "published.py"
    config.write_text(f'_base_ = "{mini}"\nencoder_weights = "{publish(encoder.state_dict())}"\n')
    return config, encoder


def test_downloaded_encoder_needs_no_network(published, tmp_path, checkpoints):
    config, encoder = published
    download_encoder(config=config, output=tmp_path / "encoder.pth")
    url = read_config(config).encoder_weights
    Path(url.removeprefix("file://")).unlink()
    (checkpoints / url.rpartition("/")[2]).unlink()
    model = build_model(read_config(config), seed=0, encoder=tmp_path / "encoder.pth")
    assert all(torch.equal(value, model.backbone.state_dict()[name]) for name, value in encoder.state_dict().items())


def test_damaged_encoder_file_is_rejected(published, tmp_path):
    (tmp_path / "encoder.pth").write_bytes(b"half")
    with pytest.raises(SystemExit, match="encoder.pth: damaged, or not file://.*download it again"):
        build_model(read_config(published[0]), seed=0, encoder=tmp_path / "encoder.pth")


def test_model_without_encoder_weights_has_nothing_to_download(tmp_path):
    with pytest.raises(SystemExit, match="has no encoder_weights"):
        download_encoder(config=CONFIGS / "deeplabv2_mini.py", output=tmp_path / "encoder.pth")


def test_random_encoder_has_the_shapes_of_the_published_one_and_needs_no_network(published, tmp_path):
    config, encoder = published
    draw_encoder(config=config, output=tmp_path / "encoder.pth", seed=0)
    drawn = torch.load(tmp_path / "encoder.pth", weights_only=True)["state_dict"]
    assert {name: value.shape for name, value in drawn.items()} == {n: v.shape for n, v in encoder.state_dict().items()}
    draw_encoder(config=config, output=tmp_path / "again.pth", seed=0)
    again = torch.load(tmp_path / "again.pth", weights_only=True)["state_dict"]
    assert all(torch.equal(value, again[name]) for name, value in drawn.items())


def test_random_encoder_is_never_taken_for_the_published_one(published, tmp_path):
    config, _ = published
    draw_encoder(config=config, output=tmp_path / "encoder.pth", seed=0)
    with pytest.raises(SystemExit, match="encoder.pth: damaged, or not file://"):
        build_model(read_config(config), seed=0, encoder=tmp_path / "encoder.pth")
