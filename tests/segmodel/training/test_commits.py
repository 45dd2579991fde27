"""What a training keeps of the code and the machines that it ran on."""

import json

import pytest

from segmodel.training.trainer import Trainer


def test_training_names_the_commits_that_trained_it(trained, monkeypatch):
    step = Trainer.step

    def stopped(self, batch, iteration, factor):
        if iteration == 5:
            raise KeyboardInterrupt
        return step(self, batch, iteration, factor)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("segmodel.training.train.commit", lambda: "first")
        patch.setattr(Trainer, "step", stopped)
        trained("resumed")
    monkeypatch.setattr("segmodel.training.train.commit", lambda: "second-dirty")
    resumed, alone = trained("resumed"), trained("alone")
    commits = [json.loads((folder / "training.json").read_text())["commits"] for folder in (resumed, alone)]
    assert commits == [["first", "second-dirty"], ["second-dirty"]]
    runs = [json.loads(line) for line in (resumed / "logs/runs.jsonl").read_text().splitlines()]
    assert [run["after_step"] for run in runs] == [0, 4]
    assert runs[0]["machine"]["processor"] and runs[0]["versions"]["torch"]
