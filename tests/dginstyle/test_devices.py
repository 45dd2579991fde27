"""What a GPU may do with fp32 numbers, and copies to a device."""

import pytest
import torch

from dginstyle.devices import allow_tf32, sent


@pytest.fixture
def settings():
    def read():
        return torch.get_float32_matmul_precision() == "high", torch.backends.cudnn.allow_tf32

    before = read()
    yield read
    torch.set_float32_matmul_precision("high" if before[0] else "highest")
    torch.backends.cudnn.allow_tf32 = before[1]


@pytest.mark.parametrize("allowed", [True, False])
def test_tf32_holds_for_products_and_convolutions_of_a_gpu(settings, monkeypatch, allowed):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    allow_tf32(allowed)
    assert settings() == (allowed, allowed)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_tf32_changes_nothing_on_a_cpu(settings):
    before = settings()
    allow_tf32(True)
    assert settings() == before


def test_a_tensor_that_is_on_its_device_is_not_copied():
    tensor = torch.ones(2)
    assert sent(tensor, torch.device("cpu")) is tensor
    assert sent(tensor, torch.device("meta")).device.type == "meta"
