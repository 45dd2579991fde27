"""Archives that no data set is: too many files, names that the file system refuses, tars that grow without end."""

from dginstyle.datasets import archives
from tests.dginstyle.datasets.test_extract import refused, write_tar, write_zip


def test_an_archive_with_too_many_files_is_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    members = [(name, b"") for name in "abcd"]
    refused([write_zip(tmp_path / "01.zip", members)], tmp_path / "raw", "it has 4 files")
    refused([write_tar(tmp_path / "01.tar.gz", members)], tmp_path / "raw", "it has 3 files")  # not read to its end


def test_a_name_that_the_file_system_refuses_is_told(tmp_path):
    package = write_zip(tmp_path / "01.zip", [("images/" + "a" * 300 + ".png", b"x")])
    refused([package], tmp_path / "raw", "the file system refuses its member .images/aaa.*: rename it there")


def test_a_tar_that_grows_is_not_read_to_its_end(tmp_path, monkeypatch):
    package = write_tar(tmp_path / "bomb.tar.gz", [("zeros", bytes(10_000_000)), ("more", b"x")])
    read = []
    monkeypatch.setattr(archives, "_tar_member", lambda archive, info: read.append(info.name))
    refused([package], tmp_path / "raw", "bomb.tar.gz.*fold to 10.0 MB")
    assert read == []
