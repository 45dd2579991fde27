import pytest
import torch

from dginstyle.diffusion.workers import Workers

CPU = torch.device("cpu")


@pytest.fixture(params=[1, 2, 3])
def workers(request):
    threads = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield Workers(CPU)
    torch.set_num_threads(threads)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_split_batch_gives_the_same_result(workers, size):
    left, right = torch.randn(2, size, 4)
    assert torch.equal(workers(lambda a, b: 2 * a + b, left, right), 2 * left + right)


def test_each_core_has_its_own_part_and_thread(workers):
    seen = []

    def look(part):
        seen.append((len(part), torch.get_num_threads(), torch.is_inference_mode_enabled()))
        return part

    with torch.inference_mode():
        workers(look, torch.zeros(6))
    assert seen == workers.count * [(6 // workers.count, 1, True)]


def test_an_error_in_a_part_is_raised(workers):
    with pytest.raises(ZeroDivisionError):
        workers(lambda part: 1 / 0, torch.zeros(6))
