"""SHADE in the models: which features and losses a batch and its stylised copies have."""

from pathlib import Path

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.nn import functional as F

from segmodel.models import build_model, read_config
from segmodel.models.segmentor import StyleConsistency
from segmodel.models.styles import style_consistency, style_of

CONFIGS = Path(__file__).parents[3] / "segmodel" / "configs"
DEFAULT = StyleConsistency()
THINGS = dict(classes=tuple(range(19)), min_share=0.0)


def _model(name, **changed):
    config = read_config(CONFIGS / f"{name}.py")
    config.merge_from_dict(changed)
    return build_model(config, seed=0)


def _hallucinating(name="segformer_mini", consistency=DEFAULT, **changed):
    """Return a model with SHADE, in training mode, and the hallucination with random prototypes."""
    model = _model(name, **changed).train()
    hallucination = model.hallucinate(consistency)
    torch.manual_seed(1)
    hallucination.means.normal_()
    hallucination.deviations.uniform_(0.5, 1.5)
    return model, hallucination


def _batch(number=2, side=32):
    torch.manual_seed(2)
    labels = torch.randint(0, 19, (number, 1, side, side))
    return torch.randn(number, 3, side, side), [SegDataSample(gt_sem_seg=PixelData(data=one)) for one in labels]


def test_first_stage_appends_each_image_in_a_mixture_of_prototypes():
    model, hallucination = _hallucinating()
    hallucination.draw_weights = lambda number: F.one_hot(torch.tensor([3, 5])[:number], 16).float()
    images, _ = _batch()
    plain = _model("segformer_mini").train().backbone(images)[0]
    first = model.backbone(images)[0]  # (2 N, C, h, w)
    torch.testing.assert_close(first[:2], plain)
    mean, deviation = style_of(first[2:].flatten(2).transpose(1, 2))
    torch.testing.assert_close(mean, hallucination.means[[3, 5]], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(deviation, hallucination.deviations[[3, 5]], atol=1e-4, rtol=1e-4)


def test_mixture_weights_are_nearly_one_hot_and_sum_to_one():
    torch.manual_seed(0)
    _, hallucination = _hallucinating()
    weights = hallucination.draw_weights(500)
    torch.testing.assert_close(weights.sum(1), torch.ones(500))
    assert weights.max(1).values.mean() > 0.6
    assert weights.argmax(1).unique().numel() == 16


def test_evaluation_hallucinates_nothing():
    model, _ = _hallucinating()
    images, _ = _batch()
    with torch.inference_mode():
        logits = model.eval().encode_decode(images, [{"img_shape": (32, 32)}] * 2)
        expected = _model("segformer_mini").eval().encode_decode(images, [{"img_shape": (32, 32)}] * 2)
    torch.testing.assert_close(logits, expected)


def test_model_has_the_same_weights_with_and_without_hallucination():
    model, hallucination = _hallucinating()
    assert model.state_dict().keys() == _model("segformer_mini").state_dict().keys()
    assert {name: tuple(value.shape) for name, value in hallucination.state_dict().items()} == {
        "means": (16, 16), "deviations": (16, 16),
    }  # fmt: skip


def test_prototypes_are_the_farthest_styles():
    _, hallucination = _hallucinating()
    vectors = torch.zeros(100, 32)
    vectors[torch.arange(20), torch.arange(20)] = torch.linspace(10, 100, 20)  # far from each other and from the rest
    hallucination.select_prototypes(vectors, first=50)
    chosen = torch.cat([hallucination.means, hallucination.deviations], dim=1)
    assert chosen.max(1).values.tolist() == [0.0, *sorted(vectors[5:20].max(1).values.tolist(), reverse=True)]


def test_style_vectors_are_statistics_of_the_first_stage():
    model, hallucination = _hallucinating()
    images, _ = _batch()
    model.eval()
    first = model.backbone(images)[0].flatten(2).transpose(1, 2)
    torch.testing.assert_close(hallucination.style_vectors(images), torch.cat(style_of(first), dim=1))


@pytest.mark.parametrize("full_size", [False, True])
def test_consistency_compares_both_halves_of_the_logits_at_either_size(full_size):
    model, _ = _hallucinating(consistency=StyleConsistency(weight=10.0, full_size=full_size))
    logits = torch.randn(4, 19, 8, 8)
    shown = F.interpolate(logits, (32, 32), mode="bilinear") if full_size else logits
    (loss,) = model.consistency_loss(logits, (32, 32)).values()
    torch.testing.assert_close(loss, 10.0 * style_consistency(shown[:2], shown[2:]))


def test_cross_entropy_covers_both_halves_equally():
    model, _ = _hallucinating()
    images, samples = _batch()
    torch.manual_seed(3)
    loss = model.loss(images, samples)["decode.loss_ce"]
    torch.manual_seed(3)
    logits = model.decode_head.forward(model.extract_feat(images))
    labels = torch.cat([sample.gt_sem_seg.data for sample in samples] * 2)
    upscaled = F.interpolate(logits, (32, 32), mode="bilinear")
    weight = torch.tensor(model.decode_head.loss_decode.class_weight)
    torch.testing.assert_close(loss, F.cross_entropy(upscaled, labels, weight))


def test_feature_distance_is_the_mean_of_both_halves():
    model, _ = _hallucinating(**{"model.distance": THINGS})
    images, samples = _batch()
    torch.manual_seed(3)
    features = model.extract_feat(images)[-1]
    both = model.distance_loss(features, images, [*samples, *samples])["loss_feature_distance"]
    halves = [model.distance_loss(half, images, samples)["loss_feature_distance"] for half in features.chunk(2)]
    assert halves[1] > 0
    torch.testing.assert_close(both, sum(halves) / 2)


def test_retrospection_by_mean_squared_error():
    model, _ = _hallucinating(consistency=StyleConsistency(mse_weight=2.0), **{"model.distance": THINGS})
    images, samples = _batch()
    features = model.extract_feat(images)[-1]
    reference = model._reference[0](images)[-1]
    found = model.distance_loss(features, images, [*samples, *samples])["loss_feature_distance"]
    torch.testing.assert_close(found, 2.0 * F.mse_loss(features, torch.cat([reference, reference])))


def test_every_loss_reaches_the_encoder_through_both_halves():
    model, hallucination = _hallucinating(**{"model.distance": THINGS})
    images, samples = _batch()
    stages = []
    model.extract_feat = lambda inputs: stages.append(type(model).extract_feat(model, inputs)) or stages[-1]
    losses = model.loss(images, samples)
    assert set(losses) == {"decode.loss_ce", "loss_style_consistency", "loss_feature_distance"}
    for name in losses:
        (gradient,) = torch.autograd.grad(losses[name], stages[0][-1], retain_graph=True)
        if name == "loss_feature_distance":  # the original half is at the reference: its norm has a zero subgradient
            gradient = gradient[2:]
        assert all(item.abs().sum() > 0 for item in gradient), name


def test_hrda_draws_styles_for_context_and_detail_and_compares_fused_logits(monkeypatch):
    model, hallucination = _hallucinating("hrda_mini")
    images, samples = _batch(side=64)
    drawn, fused = [], []
    draw, fuse = hallucination.draw_weights, model.decode_head.fuse
    monkeypatch.setattr(hallucination, "draw_weights", lambda number: drawn.append(draw(number)) or drawn[-1])
    monkeypatch.setattr(model.decode_head, "fuse", lambda *args: fused.append(fuse(*args)) or fused[-1])
    losses = model.loss(images, samples)
    assert [len(weights) for weights in drawn] == [2, 2] and not torch.equal(*drawn)
    assert fused[0].shape == (4, 19, 32, 32)
    torch.testing.assert_close(losses["loss_style_consistency"], 10.0 * style_consistency(*fused[0].chunk(2)))
    assert losses["decode.loss_detail"] > 0


def test_resnet_is_refused():
    with pytest.raises(SystemExit, match="shade works with Mix Transformers only, not with ResNetV1c: set shade: null"):
        _hallucinating("deeplabv2_mini")


def test_mean_squared_error_without_reference_is_refused():
    with pytest.raises(SystemExit, match="retrospection: mse needs ImageNet features"):
        _hallucinating(consistency=StyleConsistency(mse_weight=1.0))
