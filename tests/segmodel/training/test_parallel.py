import json

import pytest

from segmodel.training.trainer import Trainer

pytestmark = pytest.mark.slow  # each process imports torch and mmsegmentation


@pytest.fixture
def config(tmp_path, options):
    """A model for which splitting the batch makes no difference: no dropout, no batch norm."""
    text = options.config.read_text()
    for old, new in (
        ("drop_path_rate=0.1", "drop_path_rate=0.0"),
        ("dropout_ratio=0.1", "dropout_ratio=0.0"),
        ('norm_cfg=dict(type="BN")', 'norm_cfg=dict(type="GN", num_groups=1)'),
    ):
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "split.py"
    path.write_text(text)
    return path


def _record(folder):
    return json.loads((folder / "training.json").read_text())


# With one style, no mixture is drawn, for which each process has its own random numbers.
@pytest.mark.parametrize("shade", [None, {"styles": 1, "refresh_every": 4}])
def test_two_processes_train_like_one_and_count_all_samples(trained, config, shade):
    alone, together = (_record(trained(f"by{n}", config=config, processes=n, shade=shade)) for n in (1, 2))
    assert together["samples_seen"] == alone["samples_seen"] == {"dginstyle": 11, "source": 13}
    assert together["loss"] == pytest.approx(alone["loss"], rel=1e-4)


def test_checkpoint_of_one_process_is_not_resumed_by_two(trained, config, monkeypatch, capfd):
    step = Trainer.step

    def interrupted(self, batch, iteration, factor):
        if iteration == 5:
            raise KeyboardInterrupt
        return step(self, batch, iteration, factor)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "step", interrupted)
        trained("interrupted", config=config)
    with pytest.raises(SystemExit, match="one of the 2 processes failed"):
        trained("interrupted", config=config, processes=2)
    assert "processes was 1 and is 2" in capfd.readouterr().err


def test_indivisible_batch_is_rejected(options):
    with pytest.raises(ValueError, match="batch_size 3 is not divisible by the number of processes, 2"):
        options.replace(processes=2, batch_size=3)


def test_separate_backward_passes_in_two_processes_are_rejected(trained, config, capfd):
    with pytest.raises(SystemExit, match="one of the 2 processes failed"):
        trained("separate", config=config, processes=2, shade={"backward": "separate"})
    assert "shade.backward: separate works with one process" in capfd.readouterr().err
