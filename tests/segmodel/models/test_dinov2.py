"""DINOv2's encoders: shapes, what is trained, and the weights of the hub."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from safetensors import safe_open
from torch import nn
from transformers import Dinov2Config, Dinov2Model

from segmodel.models import build_model, read_config
from segmodel.models.dinov2 import DINOv2, dinov2_architecture, dinov2_weights
from segmodel.models.download_encoder import download_encoder
from segmodel.models.draw_encoder import draw_encoder
from segmodel.models.rein import Rein
from segmodel.training.optimisation import build_optimiser
from tests.dginstyle.diffusion.hub_server import COMMIT, REPOSITORY, serving

CONFIGS = Path(__file__).parents[3] / "segmodel" / "configs"
TINY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 14, "image_size": 56}
LORA = {"r": 4, "lora_alpha": 4, "target_modules": ["q_proj", "v_proj"]}
REIN = {"tokens": 8, "rank": 4, "queries": 16}


def encoder(tuning="frozen", layers=(0, 1, 0, 1), scales=(4, 2, 1, 0.5), norm=False, architecture=TINY):
    torch.manual_seed(0)
    return DINOv2(architecture, layers, scales, norm, tuning, LORA, REIN)


@pytest.mark.parametrize(("size", "grid"), [((56, 56), (4, 4)), ((61, 77), (5, 6)), ((40, 113), (3, 9))])
def test_feature_maps_cover_images_whose_sides_are_no_multiples_of_the_patch(size, grid):
    maps = encoder()(torch.randn(2, 3, *size))
    expected = [tuple(int(side * scale) for side in grid) for scale in (4, 2, 1, 0.5)]
    assert [tuple(level.shape) for level in maps] == [(2, 32, *sides) for sides in expected]


def test_feature_maps_are_those_of_transformers():
    own = encoder(layers=(1,), scales=(1,), norm=True).eval()
    images = torch.randn(1, 3, 56, 70)
    with torch.inference_mode():
        expected = own.vit(images).last_hidden_state[:, 1:].transpose(1, 2).reshape(1, 32, 4, 5)
        torch.testing.assert_close(own(images)[0], expected)


def test_layers_that_the_encoder_lacks_are_named():
    with pytest.raises(ValueError, match=r"layers \(2,\) need one scale each, and must be among the 2 of the encoder"):
        encoder(layers=(2,), scales=(1,))


@pytest.mark.parametrize(("tuning", "trained"), [("frozen", "-"), ("lora", "lora_"), ("rein", "rein."), ("full", "")])
def test_frozen_parameters_receive_no_gradient_and_the_others_do(tuning, trained):
    maps = encoder(tuning)(torch.randn(1, 3, 56, 56))
    own = encoder(tuning)
    loss = sum(level.square().mean() for level in own(torch.randn(1, 3, 56, 56)))
    assert len(maps) == (5 if tuning == "rein" else 4)
    if tuning == "frozen":
        assert not loss.requires_grad
    else:
        loss.backward()
    with_gradient = {name for name, parameter in own.named_parameters() if parameter.grad is not None}
    unused = ("mask_token", "vit.layernorm")
    expected = {name for name, _ in own.named_parameters() if trained in name and not any(u in name for u in unused)}
    assert with_gradient == expected and expected or tuning == "frozen"
    assert with_gradient == {name for name, parameter in own.named_parameters() if parameter.requires_grad}


def test_rein_and_lora_train_as_many_parameters_as_the_arithmetic_says():
    large, layers = dinov2_architecture("l"), (7, 11, 15, 23)
    with torch.device("meta"):
        rein = DINOv2(large, layers, tuning="rein", rein={"tokens": 100, "rank": 16, "queries": 256})
        lora = DINOv2(large, layers, tuning="lora", lora=LORA | {"r": 8})
    trained = [sum(p.numel() for p in own.parameters() if p.requires_grad) for own in (rein, lora)]
    tokens = 24 * (100 * 16 + 16 * 1024)
    shared = 2 * (1024 * 1024 + 1024) + 1 + (1024 * 256 + 256) + (3 * 256 * 256 + 256)
    assert trained == [tokens + shared, 24 * 2 * (1024 * 8 + 8 * 1024)]
    assert round(trained[0] / 1e6, 2) == 2.99  # the paper's table 1
    assert sum(p.numel() for p in rein.vit.parameters()) == 304_368_640


def test_rein_refines_each_patch_by_the_tokens_that_it_resembles():
    torch.manual_seed(0)
    rein = Rein(layers=2, width=6, patch=14, tokens=5, rank=3).double()
    x = torch.randn(1, 4, 6, dtype=torch.float64)
    weights = {name: value.detach().numpy() for name, value in rein.named_parameters()}
    tokens = weights["tokens_a"][1] @ weights["tokens_b"][1]  # equation 11
    expected = x[0].numpy().copy()
    for patch in range(1, 4):
        feature = expected[patch]
        similarity = np.exp(tokens @ feature / np.sqrt(6))
        similarity /= similarity.sum()  # equation 4
        found = similarity[1:] @ (tokens[1:] @ weights["to_feature.weight"].T + weights["to_feature.bias"])  # 5
        change = (found + feature) @ weights["refine.weight"].T + weights["refine.bias"]  # 6
        expected[patch] = feature + weights["scale"] * change
    np.testing.assert_allclose(rein(x, 1)[0].detach().numpy(), expected, atol=1e-12)


def test_linked_queries_are_made_of_the_tokens_of_all_layers():
    rein = Rein(layers=3, width=6, patch=14, tokens=5, rank=3, queries=4)
    queries = torch.stack([rein.to_query(a @ b) for a, b in zip(rein.tokens_a, rein.tokens_b, strict=True)])
    joined = torch.cat([queries.max(0).values, queries.mean(0), queries[2]], dim=1)  # (5, 12), equation 8
    torch.testing.assert_close(rein.queries(), rein.merge(joined))


@pytest.mark.parametrize(
    ("tuning", "embeddings"),
    [("rein", {"rein.tokens_a", "rein.tokens_b", "rein.scale"}), ("full", {"vit.embeddings.position_embeddings"})],
)
def test_tokens_and_embeddings_do_not_decay(options, tuning, embeddings):
    model = nn.ModuleDict({"backbone": encoder(tuning), "decode_head": nn.Embedding(2, 2)})
    optimiser = build_optimiser(model, options.replace(weight_decay=0.05))
    decays = {id(p): group["weight_decay"] for group in optimiser.param_groups for p in group["params"]}
    found = {name: decays[id(p)] for name, p in model.named_parameters() if p.requires_grad}
    undecayed = {f"backbone.{name}" for name in embeddings} | {"decode_head.weight"}
    assert {name for name, decay in found.items() if decay == 0.0 and "norm" not in name} == undecayed


@pytest.fixture
def repository(tmp_path):
    """A folder with the files of a small DINOv2, as transformers writes them for the hub."""
    torch.manual_seed(7)
    folder = tmp_path / "dinov2"
    Dinov2Model(Dinov2Config(**TINY)).save_pretrained(folder)
    return folder


@pytest.fixture
def model(tmp_path, repository):
    """Write a model's configuration with the weights of the folder: ``model(tuning, **changed)``."""
    sha256 = hashlib.sha256((repository / "model.safetensors").read_bytes()).hexdigest()

    def call(tuning="frozen", architecture=TINY, **changed):
        place = {"hub": str(repository), "sha256": sha256} | changed
        path = tmp_path / "model.py"
        backbone = {"_delete_": True, "type": "DINOv2", "architecture": architecture, "layers": (1,), "scales": (1,)}
        backbone |= {"norm": True, "tuning": tuning, "lora": LORA, "rein": REIN}
        head = {"in_channels": 32, "channels": 32}
        base = CONFIGS / "dinov2_linear_mini.py"
        text = f'_base_ = "{base}"\nencoder_weights = {place}\nmodel = dict(backbone={backbone}, decode_head={head})\n'
        path.write_text(text)
        return path

    return call


@pytest.mark.parametrize("tuning", ["frozen", "lora", "full"])
def test_encoder_starts_from_the_files_of_the_hub(repository, model, tuning):
    with safe_open(repository / "model.safetensors", "pt") as weights:
        assert "encoder.layer.0.attention.attention.query.weight" in weights.keys()  # the names on the hub
    own = build_model(read_config(model(tuning)), seed=0).eval()
    images = torch.randn(1, 3, 56, 56)
    with torch.inference_mode():
        published = Dinov2Model.from_pretrained(repository)(images).last_hidden_state
        torch.testing.assert_close(own.backbone(images)[0].flatten(2).transpose(1, 2), published[:, 1:])


def test_tokens_are_drawn_and_the_rest_is_loaded(repository, model):
    first, second = (build_model(read_config(model("rein")), seed).backbone.state_dict() for seed in (0, 1))
    equal = {name for name in first if torch.equal(first[name], second[name])}
    assert equal == {name for name in first if name.startswith("vit.")} | {"rein.scale"}


def test_downloaded_encoder_needs_no_network(tmp_path, repository, model, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    config = model(hub=REPOSITORY, revision=COMMIT)
    with serving(repository, monkeypatch) as server:
        download_encoder(config=config, output=tmp_path / "encoder.pth")
        assert {path.rpartition("/")[2] for path in server.asked} == {"config.json", "model.safetensors"}
    assert not (tmp_path / "encoder.pth").is_symlink()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    again = tmp_path / "again.pth"
    download_encoder(config=config, output=again)  # from the cache
    assert again.read_bytes() == (repository / "model.safetensors").read_bytes()
    build_model(read_config(config), seed=0, encoder=tmp_path / "encoder.pth")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"architecture": TINY | {"hidden_size": 64}}, "its hidden_size is 32, but the model's is 64: correct enc"),
        ({"sha256": ""}, "can change: add sha256: [0-9a-f]{64} to encoder_weights"),
        ({"sha256": "0" * 64}, "model.safetensors: damaged, or not .*/dinov2: its sha256 is .*, not 0000"),
        ({"hub": "someone/else"}, "someone/else can change on the hub: add its revision, a commit"),
        ({"hub": "{empty}"}, "has no config.json; download config.json and model.safetensors of a DINOv2 there"),
    ],
)
def test_wrong_places_stop_the_download_with_a_sentence(tmp_path, model, changed, words):
    (tmp_path / "empty").mkdir()
    changed = {k: v.format(empty=tmp_path / "empty") if isinstance(v, str) else v for k, v in changed.items()}
    with pytest.raises(SystemExit, match=words):
        download_encoder(config=model(**changed), output=tmp_path / "encoder.pth")


def test_missing_repository_is_told_so(tmp_path, repository, model, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    sentence = "config.json of someone/none cannot be downloaded"
    with serving(repository, monkeypatch), pytest.raises(SystemExit, match=sentence):
        download_encoder(config=model(hub="someone/none", revision=COMMIT), output=tmp_path / "encoder.pth")


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        (TINY | {"hidden_size": 64}, "weights of another encoder; correct encoder_weights"),
        (TINY | {"num_hidden_layers": 3}, "weights are missing or left over, such as encoder.layer.2"),
    ],
)
def test_weights_of_another_encoder_are_rejected(repository, model, architecture, words):
    with pytest.raises(SystemExit, match=words):
        build_model(read_config(model(architecture=architecture)), seed=0, encoder=repository / "model.safetensors")


def test_random_encoder_takes_the_place_of_the_hubs(tmp_path, model):
    config = read_config(model("rein"))
    draw_encoder(config=model("rein"), output=tmp_path / "random.pth", seed=3)
    config.encoder_weights = f"random-{hashlib.sha256((tmp_path / 'random.pth').read_bytes()).hexdigest()[:8]}.pth"
    drawn = build_model(config, seed=0, encoder=tmp_path / "random.pth").backbone.state_dict()
    expected = torch.load(tmp_path / "random.pth", weights_only=True)["state_dict"]
    assert all(torch.equal(value, drawn[name]) for name, value in expected.items())


@pytest.mark.parametrize("size", ["s", "b", "l"])
def test_published_weights_are_pinned(size):
    place = dinov2_weights(size)
    assert place["hub"].startswith("facebook/dinov2-")
    assert len(place["revision"]) == 40 and len(place["sha256"]) == 64
    json.dumps(place)
