import pytest
import torch
from mmengine.optim import LinearLR, PolyLR
from torch import nn

from segmodel.training.optimisation import build_optimiser, learning_rate_factor, set_learning_rate


def test_factor_is_linear_warm_up_times_poly():
    warmup, iterations = 1500, 40_000
    for t in (0, 1, 700, 1499, 1500, 20_000, 39_999):
        rise = min(1.0, 1e-6 + (1 - 1e-6) * t / warmup)
        assert learning_rate_factor(t, warmup, iterations) == pytest.approx(rise * (1 - t / iterations), abs=1e-12)


def test_rate_follows_the_published_schedule_to_1e_7():
    # The published schedule in mmengine: warm-up and poly decay, both from iteration 0.
    base, warmup, iterations = 6e-5, 1500, 40_000
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=base)
    schedulers = [
        LinearLR(optimiser, start_factor=1e-6, begin=0, end=warmup, by_epoch=False),
        PolyLR(optimiser, power=1.0, eta_min=0.0, begin=0, end=iterations, by_epoch=False),
    ]
    for t in range(iterations - 1):
        ours = base * learning_rate_factor(t, warmup, iterations)
        assert ours == pytest.approx(optimiser.param_groups[0]["lr"], abs=1e-7)
        optimiser.step()
        for scheduler in schedulers:
            scheduler.step()


def test_no_warm_up_starts_at_the_full_rate():
    assert learning_rate_factor(0, 0, 10) == 1.0


class _Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 1), nn.LayerNorm(4))
        self.backbone.pos_embed = nn.Parameter(torch.zeros(4))
        self.decode_head = nn.Sequential(nn.Conv2d(4, 2, 1), nn.BatchNorm2d(2))


@pytest.fixture
def settings(options):
    """Return each parameter's (learning rate, weight decay) at half of the rate."""

    def call(decayed_norms: str) -> dict:
        changed = {"learning_rate": 1e-3, "weight_decay": 0.01, "head_learning_rate_factor": 10.0}
        model = _Model()
        optimiser = build_optimiser(model, options.replace(**changed, decayed_norms=decayed_norms))
        set_learning_rate(optimiser, 0.5)
        groups = [(id(p), group) for group in optimiser.param_groups for p in group["params"]]
        names = {id(p): name for name, p in model.named_parameters()}
        return {names[key]: (group["lr"], group["weight_decay"]) for key, group in groups}

    return call


def test_decode_head_learns_faster_and_norms_and_position_embeddings_do_not_decay(settings):
    found = settings("none")
    assert found["backbone.0.weight"] == pytest.approx((5e-4, 0.01))
    assert found["backbone.1.weight"] == pytest.approx((5e-4, 0.0))
    assert found["backbone.pos_embed"] == pytest.approx((5e-4, 0.0))
    assert found["decode_head.0.bias"] == pytest.approx((5e-3, 0.01))
    assert found["decode_head.1.bias"] == pytest.approx((5e-3, 0.0))


@pytest.mark.parametrize(("decayed_norms", "backbone", "head"), [("head", 0.0, 0.01), ("all", 0.01, 0.01)])
def test_norms_of_the_head_or_of_the_whole_model_decay(settings, decayed_norms, backbone, head):
    found = settings(decayed_norms)
    assert [found[f"{part}.1.weight"][1] for part in ("backbone", "decode_head")] == [backbone, head]
    assert found["backbone.pos_embed"][1] == 0.0
