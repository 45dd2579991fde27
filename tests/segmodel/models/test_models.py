import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.nn import functional as F

from segmodel.models import build_model, build_untrained, read_config
from segmodel.models.feature_distance import FeatureDistance, feature_distance, majority_label
from segmodel.models.fusion import fuse_scales, random_box, scaled
from segmodel.models.mit import MixTransformer, mit_weights

CONFIGS = Path(__file__).parents[3] / "segmodel" / "configs"
MINI = ["segformer_mini", "daformer_mini", "hrda_mini", "deeplabv2_mini", "dinov2_rein_mini"]


def _million(module) -> float:
    return round(sum(parameter.numel() for parameter in module.parameters()) / 1e6, 1)


def _model(name, **changed):
    config = read_config(CONFIGS / f"{name}.py")
    config.merge_from_dict({"encoder_weights": None, **changed})
    return build_model(config, seed=0)


@pytest.fixture(scope="module")
def hrda():
    return _model("hrda_mini").eval()


@pytest.mark.parametrize(
    ("name", "decoder"),
    # SegFormer and DAFormer: table 7 of the DAFormer paper. By hand: HRDA adds 0.5 M of attention to DAFormer, and
    # DeepLabV2 has 2 x 3 x 3 x 2048 x 19 weights, on HRDA twice as many.
    [
        ("segformer_b5", 3.2),
        ("segformer_linear_b5", 3.2),
        ("daformer_b5", 3.7),
        ("hrda_b5", 4.2),
        ("hrda_384_b5", 4.2),
        ("deeplabv2_r101", 0.7),
        ("hrda_deeplabv2_r101", 1.4),
    ],
)
def test_decoder_has_the_published_number_of_parameters(name, decoder):
    config = read_config(CONFIGS / f"{name}.py")
    assert config.encoder_weights.endswith(".pth")
    head = config.model.decode_head
    assert _million(MODELS.build(head)) == decoder


@pytest.mark.parametrize(("size", "millions"), [("b0", 3.3), ("b1", 13.2), ("b2", 24.2), ("b5", 81.4)])
def test_encoder_has_the_published_number_of_parameters(size, millions):
    assert _million(MixTransformer(size)) == millions  # SegFormer, table 6: 3.4, 13.1, 24.2, 81.4
    assert mit_weights(size).rpartition("/")[2].startswith(f"mit_{size}_")


@pytest.mark.parametrize("name", ["segformer_b5", "segformer_linear_b5", "daformer_b5", "hrda_b5"])
def test_one_value_selects_the_encoder(tmp_path, name):
    text = (CONFIGS / f"{name}.py").read_text()
    base = re.search(r'_base_ = "(.*)"', text)[1]
    (tmp_path / "b0.py").write_text(text.replace('size = "b5"', 'size = "b0"').replace(base, str(CONFIGS / base)))
    config = read_config(tmp_path / "b0.py")
    assert config.encoder_weights == mit_weights("b0")
    model = build_untrained(config).eval()
    images = torch.zeros(1, 3, 64, 64)
    with torch.inference_mode():
        assert model.encode_decode(images, [{"img_shape": (64, 64)}]).shape == (1, 19, 64, 64)
    assert _million(model.backbone) == 3.3


@pytest.mark.parametrize("name", ["segformer_linear_b5", "daformer_b5"])
def test_head_predicts_at_the_first_levels_size(name):
    head = MODELS.build(read_config(CONFIGS / f"{name}.py").model.decode_head).eval()
    sizes = zip([64, 128, 320, 512], [16, 8, 4, 2], strict=True)
    with torch.inference_mode():
        assert head([torch.randn(1, channels, side, side) for channels, side in sizes]).shape == (1, 19, 16, 16)


@pytest.mark.parametrize("name", MINI)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_mini_model_trains_and_predicts_at_input_size(name, precision, trained):
    from segmodel.models import load_model

    config = CONFIGS / f"{name}.py"
    folder = trained(
        name, config=config, iterations=2, batch_size=2, crop=(64, 64), source_size=(64, 128), precision=precision
    )
    model = load_model(read_config(config), folder / "weights.safetensors")
    images = torch.randn(1, 3, 61, 77)
    with torch.inference_mode():
        logits = model.encode_decode(images, [{"img_shape": images.shape[2:]}])
    assert logits.shape == (1, 19, 61, 77)
    assert logits.isfinite().all()


def test_deeplabv2_sums_its_branches():
    head = _model("deeplabv2_mini").decode_head
    features = torch.randn(1, 128, 8, 8)
    branches = [F.conv2d(features, m.conv.weight, m.conv.bias, padding=m.conv.padding, dilation=m.conv.dilation)
                for m in head.aspp_modules]  # fmt: skip
    torch.testing.assert_close(head([None, None, None, features]), torch.stack(branches).sum(0))


def test_cell_has_the_class_that_covers_enough_of_its_pixels():
    labels = torch.tensor([[[13, 13, 6, 255], [13, 2, 6, 255], [11, 11, 255, 255], [11, 11, 255, 255]]])
    assert majority_label(labels, (2, 2), 0.75).tolist() == [[[13, 255], [11, 255]]]
    assert majority_label(labels, (2, 2), 0.5).tolist() == [[[13, 6], [11, 255]]]


def test_feature_distance_by_hand():
    labels = torch.tensor([[[13, 13, 0, 0], [13, 2, 0, 0], [11, 11, 255, 255], [11, 11, 255, 255]]])
    features = torch.zeros(1, 2, 2, 2)
    reference = torch.tensor([[[[3.0, 9.0], [5.0, 9.0]], [[4.0, 9.0], [12.0, 9.0]]]])  # distances 5 and 13 at things
    options = FeatureDistance(weight=0.1, classes=(11, 13))
    assert feature_distance(features, reference, labels, options).item() == pytest.approx(0.1 * (5 + 13) / 2)


def test_feature_distance_without_things_is_zero_and_has_gradients():
    features = torch.ones(1, 2, 2, 2, requires_grad=True)
    loss = feature_distance(
        features, torch.zeros(1, 2, 2, 2), torch.zeros(1, 4, 4, dtype=torch.long), FeatureDistance()
    )
    loss.backward()
    assert loss.item() == 0.0
    assert features.grad.abs().max() == 0.0


def test_feature_distance_uses_the_initial_encoder_which_is_not_saved():
    model = _model("hrda_mini", **{"model.distance": dict(classes=tuple(range(19)), min_share=0.0)})
    images = torch.randn(1, 3, 32, 32)
    samples = [SegDataSample(gt_sem_seg=PixelData(data=torch.zeros(1, 32, 32, dtype=torch.long)))]
    assert set(model.state_dict()) == set(_model("hrda_mini").state_dict())
    assert model.distance_loss(model.extract_feat(images)[-1], images, samples)["loss_feature_distance"] == 0.0
    model.backbone.layers[0][0].projection.weight.data.mul_(2.0)
    moved = model.distance_loss(model.extract_feat(images)[-1], images, samples)["loss_feature_distance"]
    moved.backward()
    assert moved > 0.0
    assert model.backbone.layers[0][0].projection.weight.grad is not None


def test_hrda_trains_and_predicts_on_a_resnet_with_feature_distance():
    small = {"model.backbone.depth": 50, "model.detail_crop": (64, 64)}
    model = _model("hrda_deeplabv2_r101", **small).train()
    samples = [SegDataSample(gt_sem_seg=PixelData(data=torch.full((1, 128, 128), 13)))] * 2
    losses = model.loss(torch.randn(2, 3, 128, 128), samples)
    assert set(losses) == {"decode.loss_ce", "decode.loss_detail", "loss_feature_distance"}
    assert all(loss > 0 for loss in losses.values())
    with torch.inference_mode():
        logits = model.eval().encode_decode(torch.randn(1, 3, 128, 128), [{"img_shape": (128, 128)}])
    assert logits.shape == (1, 19, 128, 128)


def test_detail_crop_is_a_value_of_the_models_file():
    crops = {name: read_config(CONFIGS / f"{name}.py").model.detail_crop for name in ("hrda_b5", "hrda_384_b5")}
    assert crops == {"hrda_b5": (512, 512), "hrda_384_b5": (384, 384)}


def test_fusion_equals_its_definition_pixel_by_pixel():
    rng = torch.Generator().manual_seed(0)
    context, attention = (torch.randn(1, 3, 4, 6, generator=rng) for _ in range(2))
    attention, detail = attention.sigmoid(), torch.randn(1, 3, 4, 4, generator=rng)
    place = (slice(2, 6), slice(4, 8))  # on the grid of 8 x 12
    masked = torch.zeros_like(attention)
    masked[:, :, 1:3, 2:4] = attention[:, :, 1:3, 2:4]
    large = {name: F.interpolate(x, scale_factor=2, mode="bilinear").numpy()
             for name, x in {"a": masked, "c": (1 - masked) * context}.items()}  # fmt: skip
    fused = fuse_scales(context, detail, attention, place).numpy()
    for channel, row, column in np.ndindex(3, 8, 12):
        expected = large["c"][0, channel, row, column]
        if 2 <= row < 6 and 4 <= column < 8:
            expected += large["a"][0, channel, row, column] * detail[0, channel, row - 2, column - 4].item()
        assert fused[0, channel, row, column] == pytest.approx(expected, abs=1e-5)


def test_fusion_without_attention_is_the_context_and_with_full_attention_the_detail():
    context, detail = torch.randn(2, 19, 4, 4), torch.randn(2, 19, 8, 8)
    upscaled = F.interpolate(context, (8, 8), mode="bilinear")
    torch.testing.assert_close(fuse_scales(context, detail, torch.zeros(2, 1, 4, 4), None), upscaled)
    torch.testing.assert_close(fuse_scales(context, detail, torch.ones(2, 1, 4, 4), None), detail)


def test_detail_crop_lies_on_the_grid_of_both_scales():
    torch.manual_seed(0)
    boxes = [random_box((1024, 1024), (512, 512), step=8) for _ in range(200)]
    assert all(top % 8 == 0 and bottom - top == right - left == 512 for top, bottom, left, right in boxes)
    assert {min(box[0] for box in boxes) <= 24, max(box[1] for box in boxes) >= 1000} == {True}
    assert scaled((8, 520, 16, 528), 4) == (slice(2, 130), slice(4, 132))


@torch.inference_mode()
def test_hrda_predicts_with_detail_windows(hrda):
    images = torch.randn(2, 3, 64, 64)
    logits = hrda.encode_decode(images, [{"img_shape": (64, 64)}] * 2)
    total, count = torch.zeros(2, 19, 32, 32), torch.zeros(32, 32)
    for top in (0, 16, 32):
        for left in (0, 16, 32):
            window = hrda.extract_feat(images[..., top : top + 32, left : left + 32])
            rows, columns = slice(top // 2, top // 2 + 16), slice(left // 2, left // 2 + 16)
            total[..., rows, columns] += hrda.decode_head.head(window)
            count[rows, columns] += 1
    context = hrda.extract_feat(F.interpolate(images, (32, 32), mode="bilinear"))
    fused = hrda.decode_head.fuse(context, total / count)
    torch.testing.assert_close(logits, F.interpolate(fused, (64, 64), mode="bilinear"), atol=1e-5, rtol=1e-4)


def test_hrda_loss_covers_fused_and_detail_logits(hrda):
    fused, detail = torch.randn(1, 19, 32, 32), torch.randn(1, 19, 16, 16)
    labels = torch.randint(0, 19, (1, 1, 64, 64))
    losses = hrda.segmentation_losses(fused, detail, labels, (32, 64, 0, 32))
    criterion = hrda.decode_head.head.loss_decode
    whole = criterion(F.interpolate(fused, (64, 64), mode="bilinear"), labels[:, 0], ignore_index=255)
    part = criterion(F.interpolate(detail, (32, 32), mode="bilinear"), labels[:, 0, 32:, :32], ignore_index=255)
    torch.testing.assert_close(sum(losses.values()), 0.9 * whole + 0.1 * part)
