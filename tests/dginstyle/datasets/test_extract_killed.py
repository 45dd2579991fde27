"""``extract``, killed when all was done but its journal."""

import shutil
import zipfile

import pytest

from dginstyle.datasets.extract import Journal, extract


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_call_killed_once_all_was_unpacked_leaves_nothing_to_do_or_starts_over(tmp_path, monkeypatch, is_deleted):
    def killed(_):
        raise KeyboardInterrupt

    package, output = tmp_path / "01.zip", tmp_path / "raw"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("a", b"1")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Journal, "forget", killed)
        extract(packages=[package], output=output)
    if is_deleted:  # as Snakemake does
        shutil.rmtree(output)
    extract(packages=[package], output=output)
    assert (output / "a").read_bytes() == b"1"
    assert {path.name for path in tmp_path.iterdir()} == {"01.zip", "raw"}
