"""Folders that are written whole."""

import os
import stat

import pytest
import torch
from safetensors.torch import save_file

from dginstyle.files import link_folder, whole_folder


def permissions(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o022, 0o027, 0o077])
def umask(request):
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def test_weights_can_be_read_by_whom_the_umask_admits(tmp_path, umask):
    with whole_folder(tmp_path / "network") as unfinished:
        save_file({"weight": torch.zeros(1)}, unfinished / "weights.safetensors")
    assert permissions(tmp_path / "network/weights.safetensors") == 0o666 & ~umask


def test_a_file_that_is_linked_to_keeps_its_permissions(tmp_path):
    (tmp_path / "shared").mkdir()
    theirs = tmp_path / "shared/config.json"
    theirs.write_text("{}")
    theirs.chmod(0o440)
    link_folder(tmp_path / "shared", tmp_path / "ours")
    assert (tmp_path / "ours/config.json").samefile(theirs) and permissions(theirs) == 0o440
