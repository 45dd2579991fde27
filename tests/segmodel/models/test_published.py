import hashlib
import io
import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from segmodel.__main__ import VERBS
from segmodel.cli import run_verb
from segmodel.models import build_untrained, read_config
from segmodel.models.import_checkpoint import import_checkpoint
from segmodel.models.published import read_checkpoint, renamed
from tests.segmodel.original_code import original_checkpoint, original_state

CONFIGS = Path(__file__).parents[3] / "segmodel" / "configs"


@pytest.fixture
def config(tmp_path):
    """The published HRDA with the smallest encoder."""
    text = (CONFIGS / "daformer_b5.py").read_text().replace('size = "b5"', 'size = "b0"')
    (tmp_path / "daformer.py").write_text(text.replace('"_base_/paper.py"', f'"{CONFIGS}/_base_/paper.py"'))
    text = (CONFIGS / "hrda_b5.py").read_text().replace("daformer_b5.py", "daformer.py").replace('"b5"', '"b0"')
    (tmp_path / "hrda.py").write_text(text)
    return tmp_path / "hrda.py"


@pytest.fixture
def original(config):
    """Random weights under our names, and the same in a checkpoint as the original code saves it."""
    ours = build_untrained(read_config(config)).state_dict()
    return ours, original_state(ours)


def test_original_names_are_mapped_to_ours(original):
    ours, state = original
    found = renamed(state)
    assert found.keys() == ours.keys()
    assert all(torch.equal(found[name], ours[name]) for name in ours)


def test_checkpoint_of_the_original_code_is_imported_from_the_command_line(tmp_path, config, original):
    ours, _ = original
    path = tmp_path / "latest.pth"
    torch.save(original_checkpoint(ours), path)
    arguments = {"checkpoint": path, "config": config, "output": tmp_path / "out", "model": "hrda"}
    words = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
    run_verb("python -m segmodel", VERBS, ["import-checkpoint", *words, "--training_set", "published"])
    weights = load_file(tmp_path / "out" / "weights.safetensors")
    assert weights.keys() == ours.keys()
    assert all(torch.equal(weights[name], ours[name]) for name in ours)
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    assert (record["config"], record["imported"]) == (str(config), "latest.pth")
    assert record["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


class _Evil:
    opened: list[str] = []

    def __reduce__(self):
        return (_Evil.opened.append, ("opened",))


def test_pickle_with_code_is_not_loaded_without_its_hash(tmp_path):
    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps({"state_dict": _Evil()}))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(SystemExit, match=f"--sha256 {found}"):
        read_checkpoint(path, None)
    assert _Evil.opened == []


def saved(content):
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "sha256", "words"),
    [
        (b"PK\x03\x04", None, "damaged or not a checkpoint"),
        (b"", None, "damaged or not a checkpoint"),
        (saved({"state_dict": {}}), None, "holds no state_dict"),
        (saved([1, 2]), None, "holds no state_dict"),
        (b"anything", "0" * 64, "its sha256 is [0-9a-f]{64}, not 0000"),
    ],
)
def test_unusable_checkpoint_is_one_sentence(tmp_path, content, sha256, words):
    (tmp_path / "latest.pth").write_bytes(content)
    with pytest.raises(SystemExit, match=words) as error:
        read_checkpoint(tmp_path / "latest.pth", sha256)
    assert "\n" not in str(error.value)


def test_safetensors_need_no_hash(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")
    assert read_checkpoint(tmp_path / "a.safetensors", None)["a"].tolist() == [1, 1]


def test_checkpoint_of_another_model_is_rejected(tmp_path, config):
    save_file({"decode_head.conv_seg.bias": torch.ones(19)}, tmp_path / "a.safetensors")
    with pytest.raises(SystemExit, match="do not fit"):
        import_checkpoint(
            checkpoint=tmp_path / "a.safetensors",
            config=config,
            output=tmp_path,
            model="hrda",
            training_set="published",
        )
