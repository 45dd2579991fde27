"""Fetching: resumed, verified, and never a bad file under the final name. Against a real HTTP server."""

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import dginstyle.datasets.download as download_module
from dginstyle.datasets.download import Interrupted, download, shown
from dginstyle.datasets.fetch import fetch

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT at any path and records the requests; what goes wrong is set by each test."""

    content = CONTENT
    tag = '"version 1"'
    accepts_ranges = True
    content_type = "application/zip"
    failing_status = 503
    fail_first = 0  # answers with failing_status
    cut_first = 0  # answers that break off in their middle
    claimed_size = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges = []

    def handle_error(self, *_):
        """A client that hangs up is part of the tests."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/01_images.zip"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved"))
            self.send_header("Content-Length", "0")
            return self.end_headers()
        server.ranges.append(self.headers.get("Range"))
        if server.fail_first > 0:
            server.fail_first -= 1
            return self.send_error(server.failing_status)
        if self.path.endswith("SHA256SUMS"):
            return self.answer(200, server.sums, 0)
        start = self.requested_start()
        if start and start >= len(server.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(server.content)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.answer(206 if start else 200, server.content, start)

    def requested_start(self):
        wanted, condition = self.headers.get("Range"), self.headers.get("If-Range")
        if not wanted or not self.server.accepts_ranges or condition not in (None, self.server.tag):
            return 0
        return int(wanted.removeprefix("bytes=").rstrip("-"))

    def answer(self, status, content, start):
        size = self.server.claimed_size or len(content)
        body = content[start:]
        self.send_response(status)
        self.send_header("Content-Type", self.server.content_type)
        self.send_header("ETag", self.server.tag)
        self.send_header("Content-Length", str(size - start))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.end_headers()
        if self.server.cut_first > 0 or self.server.claimed_size:
            self.server.cut_first -= 1
            body = body[: len(body) // 2] if not self.server.claimed_size else body
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download_module.time, "sleep", lambda _: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running(Server()) as served:
        yield served


@contextmanager
def running(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def output(tmp_path):
    return tmp_path / "packages" / "01_images.zip"


def only_the_package(output):
    return [path.name for path in output.parent.iterdir()] == [output.name]


def test_a_package_is_fetched_and_verified(server, output):
    fetch(url=server.url, output=output, sha256=SHA256.upper(), md5=MD5)
    assert output.read_bytes() == CONTENT
    assert only_the_package(output)


def test_redirects_are_followed(server, output):
    fetch(url=server.url.replace("/01", "/moved/01"), output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT


def test_a_cut_connection_is_resumed_where_it_broke(server, output):
    server.cut_first = 2
    fetch(url=server.url, output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT
    half = len(CONTENT) // 2
    assert server.ranges == [None, f"bytes={half}-", f"bytes={half + half // 2}-"]


def test_an_interrupted_download_goes_on_in_a_later_process(server, output):
    output.parent.mkdir()
    target = output.with_name(output.name + ".partial")
    server.cut_first = 1
    with pytest.raises(Interrupted):
        download(server.url, target, attempts=1)
    assert target.stat().st_size == len(CONTENT) // 2
    fetch(url=server.url, output=output)
    assert output.read_bytes() == CONTENT
    assert server.ranges[-1] == f"bytes={len(CONTENT) // 2}-"


def test_a_file_that_changed_on_the_server_is_fetched_from_its_beginning(server, output):
    output.parent.mkdir()
    server.cut_first = 1
    with pytest.raises(Interrupted):
        download(server.url, output.with_name(output.name + ".partial"), attempts=1)
    server.tag, server.content = '"version 2"', CONTENT[::-1]
    fetch(url=server.url, output=output)
    assert output.read_bytes() == CONTENT[::-1]


def test_a_server_without_ranges_is_asked_for_the_whole_again(server, output):
    server.accepts_ranges, server.cut_first = False, 1
    fetch(url=server.url, output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT


def test_a_complete_partial_file_is_only_verified(server, output):
    output.parent.mkdir()
    download(server.url, output.with_name(output.name + ".partial"))
    fetch(url=server.url, output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [503, 429])
def test_a_server_that_is_busy_for_a_while_is_asked_again(server, output, status):
    server.failing_status, server.fail_first = status, 3
    fetch(url=server.url, output=output)
    assert output.read_bytes() == CONTENT


def test_a_server_that_stays_away_ends_with_what_to_do(server, output):
    server.fail_first = 100
    with pytest.raises(SystemExit, match="503.*Run the same command again.*GTA5.*visinf"):
        fetch(url=server.url, output=output)
    assert not output.exists()
    assert len(server.ranges) == 6


def test_a_corrupt_byte_is_found_and_the_file_removed(server, output):
    server.content = CONTENT[:1000] + b"?" + CONTENT[1001:]
    found = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(SystemExit, match=f"01_images.zip.*sha256: expected {SHA256}, found {found}.*Fetch it again"):
        fetch(url=server.url, output=output, sha256=SHA256)
    assert list(output.parent.iterdir()) == []


def test_a_wrong_md5_is_found(server, output):
    with pytest.raises(SystemExit, match=f"md5: expected {'0' * 32}, found {MD5}"):
        fetch(url=server.url, output=output, md5="0" * 32)
    assert list(output.parent.iterdir()) == []


def test_a_body_shorter_than_announced_never_becomes_the_file(server, output):
    server.claimed_size = len(CONTENT) + 100
    with pytest.raises(SystemExit, match="Run the same command again"):
        fetch(url=server.url, output=output)
    assert not output.exists()


def test_an_account_wall_says_where_the_package_comes_from(server, output):
    server.failing_status, server.fail_first = 403, 1
    with pytest.raises(SystemExit, match=r"wants an account \(403.*GTA5.*`packages:`"):
        fetch(url=server.url, output=output)


def test_a_log_in_page_is_not_taken_for_a_package(server, output):
    server.content_type = "text/html; charset=utf-8"
    with pytest.raises(SystemExit, match="web page instead of the file"):
        fetch(url=server.url, output=output)
    assert list(output.parent.iterdir()) == []


def test_a_disk_too_small_is_noticed_before_the_download(server, output, monkeypatch):
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(SystemExit, match="512.0 kB are still to come.*1.0 kB free"):
        fetch(url=server.url, output=output)
    assert list(output.parent.iterdir()) == []


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
def test_a_local_file_is_taken_without_being_changed(tmp_path, output, as_url):
    source = tmp_path / "a folder" / "01_images.zip"
    source.parent.mkdir()
    source.write_bytes(CONTENT)
    before = source.stat()
    fetch(url=source.as_uri() if as_url else str(source), output=output, md5=MD5)
    assert output.read_bytes() == CONTENT
    assert (source.stat().st_mtime_ns, source.stat().st_nlink) == (before.st_mtime_ns, before.st_nlink)


def test_a_damaged_local_file_is_left_alone(tmp_path, output):
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


def test_an_absent_local_file_says_which_set_and_where_to_get_it(tmp_path):
    with pytest.raises(SystemExit, match="gtFine_trainvaltest.zip.*no such file.*Cityscapes.*cityscapes-dataset.com"):
        fetch(url=str(tmp_path / "gtFine_trainvaltest.zip"), output=tmp_path / "out" / "gtFine_trainvaltest.zip")


def test_an_unknown_scheme_is_named(output):
    with pytest.raises(SystemExit, match="cannot fetch by ftp"):
        fetch(url="ftp://host/file.zip", output=output)


def test_secrets_of_a_url_are_not_shown():
    assert shown("https://user:secret@host.org/a.zip?token=secret") == "https://host.org/a.zip"
