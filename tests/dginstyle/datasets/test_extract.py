"""Unpacking: several packages become one folder, and unsafe archives are rejected."""

import io
import tarfile
import zipfile

import pytest

from dginstyle.datasets import extract as extract_module
from dginstyle.datasets.extract import extract


def write_zip(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def write_tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            info = tarfile.TarInfo(info) if isinstance(info, str) else info
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refused(packages, output, match):
    with pytest.raises(SystemExit, match=match):
        extract(packages=packages, output=output)
    assert not output.exists()
    assert not output.with_name(output.name + ".partial").exists()


@pytest.mark.documented(
    "packages", "zip or tar (`.tar.gz`, `.tar.xz`), whatever its name", "unpacked; its first bytes tell which it is"
)
def test_parts_merge_into_one_folder(tmp_path):
    first = write_zip(tmp_path / "01.zip", [("images/1.png", b"one"), ("readme.txt", b"same")])
    second = write_zip(tmp_path / "02.zip", [("images/2.png", b"two"), ("readme.txt", b"same"), ("labels/", b"")])
    third = write_tar(tmp_path / "labels.tar.gz", [("labels/1.png", b"three")])
    extract(packages=[first, second, third], output=tmp_path / "raw")
    expected = {"images/1.png": b"one", "images/2.png": b"two", "labels/1.png": b"three", "readme.txt": b"same"}
    assert files(tmp_path / "raw") == expected


@pytest.mark.documented("packages", "an image that differs between two packages", "refused: keep one, or rename one")
@pytest.mark.parametrize("content", [b"other", b"longer than before", b"on"])
def test_the_same_name_with_different_content_is_rejected(tmp_path, content):
    first = write_zip(tmp_path / "01.zip", [("images/1.png", b"one")])
    second = write_zip(tmp_path / "02.zip", [("images/1.png", content)])
    refused([first, second], tmp_path / "raw", "02.zip.*images/1.png is also in an earlier package")


def test_a_name_that_is_both_file_and_folder_is_rejected(tmp_path):
    first = write_zip(tmp_path / "01.zip", [("images", b"one")])
    second = write_zip(tmp_path / "02.zip", [("images/1.png", b"one")])
    refused([first, second], tmp_path / "raw", "a file in one package and a folder in another")


@pytest.mark.documented("packages", "a member with an absolute path or `..`", "refused: it could write anywhere")
@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "..\\evil", "C:\\evil", "\\evil"])
def test_a_member_cannot_be_written_outside_the_folder(tmp_path, name):
    package = write_zip(tmp_path / "evil.zip", [("good", b""), (name, b"x")])
    refused([package], tmp_path / "raw", "evil.zip.*outside the output folder")
    package = write_tar(tmp_path / "evil.tar.gz", [(name, b"x")])
    refused([package], tmp_path / "raw", "evil.tar.gz.*outside the output folder")


@pytest.mark.documented(
    "packages", "links and devices in an archive", "refused: unpack it with another program and name the folder"
)
def test_links_are_rejected(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    refused([write_zip(tmp_path / "l.zip", [(link, b"/etc/passwd")])], tmp_path / "raw", "'link' is not a regular file")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE):
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, "/etc/passwd"
        refused([write_tar(tmp_path / "l.tar.gz", [(info, b"")])], tmp_path / "raw", "'link' is not a regular file")


@pytest.mark.documented(
    "packages", "a compression ratio above 100, or more than a million files", "refused: more than any data set has"
)
def test_a_zip_bomb_is_rejected(tmp_path):
    bomb = write_zip(tmp_path / "bomb.zip", [("zeros", bytes(10_000_000))], zipfile.ZIP_DEFLATED)
    refused([bomb], tmp_path / "raw", "bomb.zip.*fold to 10.0 MB")


def test_an_archive_larger_than_the_disk_is_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(extract_module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10}))
    package = write_zip(tmp_path / "01.zip", [("a", bytes(11))])
    refused([package], tmp_path / "raw", "needs 11 B and the disk has 10 B free")


@pytest.mark.documented("packages", "a truncated archive, or one with changed bytes", "refused: fetch it again")
def test_a_damaged_member_is_rejected(tmp_path):
    package = write_zip(tmp_path / "01.zip", [("a", b"content to damage")])
    package.write_bytes(package.read_bytes().replace(b"to damage", b"2b damage"))
    refused([package], tmp_path / "raw", "01.zip cannot be unpacked: Bad CRC-32")


def test_a_truncated_archive_is_rejected(tmp_path):
    package = write_zip(tmp_path / "01.zip", [("a", bytes(1000))])
    package.write_bytes(package.read_bytes()[:500])
    refused([package], tmp_path / "raw", "neither a zip nor a tar archive, or it is truncated")


def test_a_missing_package_is_named(tmp_path):
    refused([tmp_path / "01.zip"], tmp_path / "raw", "01.zip does not exist: fetch it first")


def test_an_empty_folder_is_no_package(tmp_path):
    (tmp_path / "val.zip").mkdir()
    refused([tmp_path / "val.zip"], tmp_path / "raw", "val.zip is an empty folder: fetch the package, or name")


def test_a_nonempty_folder_is_not_modified(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "mine.txt").write_text("mine")
    with pytest.raises(SystemExit, match="not empty"):
        extract(packages=[write_zip(tmp_path / "01.zip", [("a", b"")])], output=tmp_path / "raw")
    assert files(tmp_path / "raw") == {"mine.txt": b"mine"}


class Killed(BaseException):
    """Stands for a signal between two members."""


def interrupt_after(monkeypatch, members):
    """Interrupt the unpacking after ``members`` members; return the list of written names."""
    write, written = extract_module.write_member, []

    def counted(member, folder, bar):
        if len(written) == members:
            raise Killed
        written.append(str(member.path))
        write(member, folder, bar)

    monkeypatch.setattr(extract_module, "write_member", counted)
    return written


def test_an_interrupted_call_resumes_at_the_same_package(tmp_path, monkeypatch):
    packages = [write_zip(tmp_path / f"0{n}.zip", [(f"{n}/a", b"a"), (f"{n}/b", b"b")]) for n in (1, 2, 3)]
    interrupt_after(monkeypatch, 3)
    with pytest.raises(Killed):
        extract(packages=packages, output=tmp_path / "raw")
    assert not (tmp_path / "raw").exists()
    monkeypatch.undo()
    written = interrupt_after(monkeypatch, 10)
    extract(packages=packages, output=tmp_path / "raw")
    assert written == ["2/a", "2/b", "3/a", "3/b"]
    assert files(tmp_path / "raw") == {f"{n}/{name}": name.encode() for n in (1, 2, 3) for name in "ab"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["01.zip", "02.zip", "03.zip", "raw"]


@pytest.mark.reliability("a package is replaced under its name while it is unpacked", "unpacked from the start")
def test_a_changed_package_starts_over_after_an_interruption(tmp_path, monkeypatch):
    package = write_zip(tmp_path / "01.zip", [("a", b"old"), ("b", b"old")])
    interrupt_after(monkeypatch, 1)
    with pytest.raises(Killed):
        extract(packages=[package], output=tmp_path / "raw")
    monkeypatch.undo()
    package.unlink()
    write_zip(package, [("a", b"a later version")])
    extract(packages=[package], output=tmp_path / "raw")
    assert files(tmp_path / "raw") == {"a": b"a later version"}


@pytest.mark.documented("packages", "an unpacked folder", "linked, never written to")
def test_a_folder_among_the_packages_is_linked_and_never_written_to(tmp_path):
    (tmp_path / "mine" / "images").mkdir(parents=True)
    (tmp_path / "mine" / "images" / "1.png").write_bytes(b"one")
    labels = write_zip(tmp_path / "labels.zip", [("labels/1.png", b"label")])
    extract(packages=[tmp_path / "mine", labels], output=tmp_path / "raw")
    assert (tmp_path / "raw" / "images" / "1.png").read_bytes() == b"one"
    assert (tmp_path / "raw" / "labels" / "1.png").read_bytes() == b"label"
    into_mine = write_zip(tmp_path / "more.zip", [("images/2.png", b"two")])
    extract(packages=[tmp_path / "mine", into_mine], output=tmp_path / "both")
    assert files(tmp_path / "both") == {"images/1.png": b"one", "images/2.png": b"two"}
    assert files(tmp_path / "mine") == {"images/1.png": b"one"}


@pytest.mark.documented(
    "packages", "folders that share a folder (`photos/` in both)", "joined by links; an image that differs is refused"
)
def test_folders_that_share_a_folder_are_joined(tmp_path):
    for part in "ab":
        (tmp_path / part / "photos/val").mkdir(parents=True)
        (tmp_path / part / "photos/val" / f"{part}.jpg").write_text(part)
        (tmp_path / part / ".DS_Store").write_text(part)
    extract(packages=[tmp_path / "a", tmp_path / "b"], output=tmp_path / "raw")
    assert {path.name: path.read_text() for path in (tmp_path / "raw/photos/val").iterdir()} == {
        "a.jpg": "a",
        "b.jpg": "b",
    }
    (tmp_path / "b/photos/val/a.jpg").write_text("another")
    refused([tmp_path / "a", tmp_path / "b"], tmp_path / "other", "b cannot be linked: .*a.jpg is also in an earlier")


@pytest.mark.documented(
    "packages",
    "a read-me or another file that is no image, different in two packages",
    "the first is kept, the other listed in the log",
)
def test_a_read_me_may_differ_from_package_to_package(tmp_path, capsys):
    packages = [write_zip(tmp_path / f"{name}.zip", [("README", name), (f"{name}.png", name)]) for name in "ab"]
    extract(packages=packages, output=tmp_path / "raw")
    assert files(tmp_path / "raw") == {"README": b"a", "a.png": b"a", "b.png": b"b"}
    assert "README is left out: an earlier package has a file of this name" in capsys.readouterr().err


@pytest.mark.documented(
    "packages", "`.DS_Store`, `__MACOSX/`, `._*`, `Thumbs.db`, `desktop.ini`", "left out and listed in the log"
)
@pytest.mark.parametrize("name", [".DS_Store", "__MACOSX/x", "a/._1.png", "Thumbs.db"])
def test_files_of_an_operating_system_are_left_out_and_listed(tmp_path, capsys, name):
    packages = [write_zip(tmp_path / f"{part}.zip", [(name, part), (f"{part}.png", part)]) for part in "ab"]
    extract(packages=packages, output=tmp_path / "raw")
    assert files(tmp_path / "raw") == {"a.png": b"a", "b.png": b"b"}
    assert f"a.zip: 1 files of an operating system left out: {name}" in capsys.readouterr().err


@pytest.mark.documented("packages", "zip made on Windows, with backslashes", "unpacked")
def test_a_zip_made_on_windows_may_have_entries_of_folders(tmp_path):
    package = write_zip(tmp_path / "w.zip", [("a\\", b""), ("a\\b\\", b""), ("a\\b\\1.png", b"one")])
    extract(packages=[package], output=tmp_path / "raw")
    assert files(tmp_path / "raw") == {"a/b/1.png": b"one"}


@pytest.mark.documented("packages", "a tar whose last file is a zip", "unpacked as the tar that it is")
def test_a_tar_that_ends_with_a_zip_is_a_tar(tmp_path):
    inner = write_zip(tmp_path / "last.zip", [("other.png", b"x")]).read_bytes()
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        for name, content in (("images/1.png", b"one"), ("last.zip", inner)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    extract(packages=[tmp_path / "set.tar"], output=tmp_path / "raw")
    assert files(tmp_path / "raw") == {"images/1.png": b"one", "last.zip": inner}


@pytest.mark.documented("packages", "archive of archives", "refused: unpack it, and list the archives under `packages`")
def test_an_archive_of_archives_says_so(tmp_path):
    package = write_zip(tmp_path / "all.zip", [("images.zip", b"x"), ("labels.zip", b"x"), ("README", b"")])
    refused([package], tmp_path / "raw", r"it holds archives \(images.zip, labels.zip\): unpack it, and list them")


@pytest.mark.documented(
    "packages", "7z or RAR; a log-in page saved as `.zip`", "refused: packages are zip, tar or folders"
)
@pytest.mark.parametrize(
    ("content", "kind"), [(b"7z\xbc\xaf\x27\x1c", "a 7z archive"), (b"<!DOCTYPE html>", "a web page"), (b"", "neither")]
)
def test_what_is_no_archive_is_named(tmp_path, content, kind):
    (tmp_path / "x.zip").write_bytes(content)
    refused([tmp_path / "x.zip"], tmp_path / "raw", f"it is {kind}.*: packages are zip or tar archives")


@pytest.mark.documented(
    "packages",
    "Deflate64, as Windows Explorer packs more than 2 GB",
    "refused: unpack it with another program and name the folder",
)
def test_a_compression_that_python_lacks_is_named(tmp_path):
    package = write_zip(tmp_path / "big.zip", [("1.png", b"one")])
    content = bytearray(package.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(signature) + offset] = 9  # Deflate64, of Windows Explorer
    package.write_bytes(content)
    refused([package], tmp_path / "raw", "zip method 9.: unpack it with another program and name the folder instead$")


def test_a_damaged_xz_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar.xz", "w:xz") as archive:
        info = tarfile.TarInfo("1.png")
        info.size = 4096
        archive.addfile(info, io.BytesIO(bytes(range(256)) * 16))
    content = bytearray((tmp_path / "a.tar.xz").read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "a.tar.xz").write_bytes(content)
    refused([tmp_path / "a.tar.xz"], tmp_path / "raw", "a.tar.xz cannot be unpacked")
