"""Fetching from a real HTTP server: resumed, verified, and never a bad file under the final name."""

import hashlib
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

import dginstyle.datasets.download as download_module
from dginstyle.datasets.download import Interrupted, download, redacted
from dginstyle.datasets.fetch import fetch
from tests.dginstyle.package_server import (
    CONTENT,
    MD5,
    OTHER_CONTENT,
    SHA256,
    only_the_package,
)


def test_a_package_is_fetched_and_verified(server, output):
    fetch(url=server.url, output=output, sha256=SHA256.upper(), md5=MD5)
    assert output.read_bytes() == CONTENT
    assert only_the_package(output)


def test_redirects_are_followed(server, output):
    fetch(url=server.url.replace("/01", "/moved/01"), output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT


@pytest.mark.reliability(
    "the network drops in the middle of a download (a server on this machine)",
    "resumed from the byte that it had reached",
)
def test_a_lost_connection_is_resumed(server, output):
    server.cut_first = 2
    fetch(url=server.url, output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT
    half = len(CONTENT) // 2
    assert server.ranges == [None, f"bytes={half}-", f"bytes={half + half // 2}-"]


@pytest.mark.reliability("the network drops, and the command ends", "the same command resumes the download")
def test_an_interrupted_download_resumes_in_a_later_process(server, output):
    output.parent.mkdir()
    target = output.with_name(output.name + ".partial")
    server.cut_first = 1
    with pytest.raises(Interrupted):
        download(server.url, target, attempts=1)
    assert target.stat().st_size == len(CONTENT) // 2
    fetch(url=server.url, output=output)
    assert output.read_bytes() == CONTENT
    assert server.ranges[-1] == f"bytes={len(CONTENT) // 2}-"


@pytest.mark.reliability(
    "a package is replaced on the server between two parts of its download",
    "fetched from the start",
)
def test_a_file_that_changed_on_the_server_is_fetched_from_the_start(server, output):
    output.parent.mkdir()
    server.cut_first = 1
    with pytest.raises(Interrupted):
        download(server.url, output.with_name(output.name + ".partial"), attempts=1)
    server.tag, server.content = '"version 2"', OTHER_CONTENT
    fetch(url=server.url, output=output)
    assert output.read_bytes() == OTHER_CONTENT


def test_a_server_without_ranges_sends_the_whole_file_again(server, output):
    server.accepts_ranges, server.cut_first = False, 1
    fetch(url=server.url, output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT


def test_a_complete_partial_file_is_only_verified(server, output):
    output.parent.mkdir()
    download(server.url, output.with_name(output.name + ".partial"))
    fetch(url=server.url, output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [503, 429])
def test_a_busy_server_is_retried(server, output, status):
    server.failing_status, server.fail_first = status, 3
    fetch(url=server.url, output=output)
    assert output.read_bytes() == CONTENT


def test_an_unavailable_server_ends_with_what_to_do(server, output):
    server.fail_first = 100
    with pytest.raises(SystemExit, match="503.*run the same command again.*GTA5.*visinf"):
        fetch(url=server.url, output=output)
    assert not output.exists()
    assert len(server.ranges) == 6


def test_a_corrupt_byte_is_detected_and_the_file_deleted(server, output):
    server.content = CONTENT[:1000] + b"?" + CONTENT[1001:]
    found = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(SystemExit, match=f"01_images.zip.*sha256: expected {SHA256}, found {found}.*Fetch it again"):
        fetch(url=server.url, output=output, sha256=SHA256)
    assert list(output.parent.iterdir()) == []


def test_a_wrong_md5_is_detected(server, output):
    with pytest.raises(SystemExit, match=f"md5: expected {'0' * 32}, found {MD5}"):
        fetch(url=server.url, output=output, md5="0" * 32)
    assert list(output.parent.iterdir()) == []


def test_a_short_response_never_becomes_the_file(server, output):
    server.claimed_size = len(CONTENT) + 100
    with pytest.raises(SystemExit, match="run the same command again"):
        fetch(url=server.url, output=output)
    assert not output.exists()


def test_a_required_account_names_the_download_page(server, output):
    server.failing_status, server.fail_first = 403, 1
    with pytest.raises(SystemExit, match=r"requires an account \(403.*GTA5.*`packages:`"):
        fetch(url=server.url, output=output)


def test_a_login_page_is_not_mistaken_for_a_package(server, output):
    server.content_type = "text/html; charset=utf-8"
    with pytest.raises(SystemExit, match="web page instead of the file"):
        fetch(url=server.url, output=output)
    assert list(output.parent.iterdir()) == []


def test_too_little_disk_space_is_detected_before_the_download(server, output, monkeypatch):
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(SystemExit, match="512.1 kB are missing.*1.0 kB free"):
        fetch(url=server.url, output=output)
    assert list(output.parent.iterdir()) == []


@pytest.mark.reliability("a download that ends early, as if it were whole", "refused, and deleted")
@pytest.mark.parametrize("known", [{}, {"sha256": SHA256}])
def test_a_file_truncated_by_a_wrong_length_never_becomes_the_package(server, output, known):
    server.claimed_size = len(CONTENT) // 2
    with pytest.raises(SystemExit, match="01_images.zip.*is not the published file"):
        fetch(url=server.url, output=output, **known)
    assert list(output.parent.iterdir()) == []


def test_a_file_of_unknown_length_needs_a_checksum(server, output):
    server.states_size = False
    with pytest.raises(SystemExit, match="does not state the file's size.*add its md5 or sha256"):
        fetch(url=server.url, output=output)
    fetch(url=server.url, output=output, md5=MD5)
    assert output.read_bytes() == CONTENT


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_pause_requested_by_a_busy_server_is_kept(server, output, monkeypatch, form):
    pauses = []
    monkeypatch.setattr(download_module.time, "sleep", pauses.append)
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=91))
    server.fail_first, server.retry_after = 1, "90" if form == "seconds" else later
    fetch(url=server.url, output=output)
    assert len(pauses) == 1 and 80 < pauses[0] <= 91


def test_a_pause_of_hours_is_left_to_a_later_call(server, output):
    server.fail_first, server.retry_after = 1, "7200"
    with pytest.raises(SystemExit, match="503.*run the same command again"):
        fetch(url=server.url, output=output)


@pytest.mark.reliability("the network stalls in the middle of a download", "one sentence; the same command resumes")
def test_a_stalled_transfer_ends_with_what_to_do(server, output, monkeypatch):
    monkeypatch.setattr(download_module, "STALL", 0.02)
    monkeypatch.setattr(download_module, "SLOWEST", 1 << 40)
    server.drips = True
    with pytest.raises(SystemExit, match="the transfer stalled .*; run the same command again"):
        fetch(url=server.url, output=output)
    server.drips = False
    monkeypatch.undo()
    fetch(url=server.url, output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.reliability(
    "the disk is full in the middle of a download (a file system of 256 kB)",
    "one sentence; with more room, the same command resumes",
)
@pytest.mark.parametrize("states_size", [True, False])
def test_a_full_disk_keeps_the_partial_file_and_the_download_resumes(server, small_disk, states_size):
    server.states_size, output = states_size, small_disk / "gta" / "01_images.zip"
    with pytest.raises(SystemExit, match="free some space and run the same command again"):
        fetch(url=server.url, output=output, sha256=SHA256)
    assert not output.exists()
    subprocess.run(["mount", "-o", "remount,size=2m", str(small_disk)], check=True)
    fetch(url=server.url, output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT
    if not states_size:
        assert server.ranges[-1] is not None


def test_sums_file_on_the_server_verifies(server, output):
    server.sums = f"{'0' * 64}  other.zip\n{SHA256} *01_images.zip\n".encode()
    fetch(url=server.url, output=output, checksums=server.url.replace("01_images.zip", "SHA256SUMS"))
    assert output.read_bytes() == CONTENT
    assert only_the_package(output)


def test_sums_file_that_does_not_list_the_package_stops(tmp_path, server, output):
    (tmp_path / "SHA256SUMS").write_text(f"{SHA256}  02_images.zip\n")
    with pytest.raises(SystemExit, match="SHA256SUMS does not list 01_images.zip"):
        fetch(url=server.url, output=output, checksums=str(tmp_path / "SHA256SUMS"))


def test_contradicting_sums_stop(tmp_path, server, output):
    (tmp_path / "SHA256SUMS").write_text(f"{SHA256}  01_images.zip\n")
    with pytest.raises(SystemExit, match="lists"):
        fetch(url=server.url, output=output, sha256="0" * 64, checksums=str(tmp_path / "SHA256SUMS"))


def test_a_verified_file_is_not_fetched_again(server, output):
    fetch(url=server.url, output=output, sha256=SHA256)
    fetch(url=server.url, output=output, sha256=SHA256)
    assert len(server.ranges) == 1


@pytest.mark.parametrize("as_url", [False, True])
def test_a_local_file_is_used_but_not_modified(tmp_path, output, as_url):
    source = tmp_path / "a folder" / "01_images.zip"
    source.parent.mkdir()
    source.write_bytes(CONTENT)
    before = source.stat()
    fetch(url=source.as_uri() if as_url else str(source), output=output, md5=MD5)
    assert output.read_bytes() == CONTENT
    assert (source.stat().st_mtime_ns, source.stat().st_nlink) == (before.st_mtime_ns, before.st_nlink)


def test_a_damaged_local_file_is_not_deleted(tmp_path, output):
    source = tmp_path / "01_images.zip"
    source.write_bytes(CONTENT[:-1])
    with pytest.raises(SystemExit, match="sha256: expected"):
        fetch(url=str(source), output=output, sha256=SHA256)
    assert source.read_bytes() == CONTENT[:-1]
    assert list(output.parent.iterdir()) == []


def test_a_leftover_link_to_a_local_file_is_never_written_through(tmp_path, server, output):
    source = tmp_path / "01_images.zip"
    source.write_bytes(b"mine")
    output.parent.mkdir()
    output.with_name(output.name + ".partial").symlink_to(source)
    fetch(url=server.url, output=output, sha256=SHA256)
    assert source.read_bytes() == b"mine"
    assert output.read_bytes() == CONTENT


def test_a_missing_local_file_names_set_and_download_page(tmp_path):
    with pytest.raises(SystemExit, match="gtFine_trainvaltest.zip.*no such file.*Cityscapes.*cityscapes-dataset.com"):
        fetch(url=str(tmp_path / "gtFine_trainvaltest.zip"), output=tmp_path / "out" / "gtFine_trainvaltest.zip")


def test_an_unknown_scheme_is_named(output):
    with pytest.raises(SystemExit, match="ftp is not supported"):
        fetch(url="ftp://host/file.zip", output=output)


def test_secrets_of_a_url_are_redacted():
    assert redacted("https://user:secret@host.org/a.zip?token=secret") == "https://host.org/a.zip"
