"""The work of jobs, from the configuration."""

from workloads import MINI_WORLD, Workloads

MODEL = "segformer_mini"


def test_a_batch_holds_no_more_windows_than_there_are(config):
    names = {"model": MODEL, "target": "cityscapes"}
    whole = Workloads(config).evaluation(names)
    config["datasets"]["cityscapes"]["expected_pairs"] = 1
    single = Workloads(config).evaluation(names)
    assert (single.batch, whole.batch) == (3, 16) and single.flops == whole.flops


def test_enlarged_streets_are_planned_at_their_size(config):
    assert Workloads(config).pixels("cityscapes") == (MINI_WORLD, MINI_WORLD)
    config["publishers"]["cityscapes"]["sizes"] = [[1000, 2000], [3000, 4000]]
    assert Workloads(config).pixels("cityscapes") == (7e6, 12e6)
