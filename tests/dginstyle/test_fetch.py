"""Fetching: resumed, verified, and never a bad file under the final name. Against a real HTTP server."""

import hashlib
import io
import json
import re
import shutil
import ssl
import subprocess
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

import dginstyle.datasets.download as download_module
from dginstyle.datasets import account
from dginstyle.datasets.download import Interrupted, download, shown
from dginstyle.datasets.fetch import fetch


def archive(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("images/00001.png", content)
    return file.getvalue()


CONTENT = archive(bytes(range(256)) * 2000)
OTHER_CONTENT = archive(bytes(range(255, -1, -1)) * 2000)
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
    states_size = True
    retry_after = None
    moved_to = None
    drips = False  # sends a byte at a time

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
            self.send_header("Location", self.server.moved_to or self.path.removeprefix("/moved"))
            self.send_header("Content-Length", "0")
            return self.end_headers()
        server.ranges.append(self.headers.get("Range"))
        if server.fail_first > 0:
            server.fail_first -= 1
            self.send_response(server.failing_status)
            if server.retry_after:
                self.send_header("Retry-After", server.retry_after)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if self.path.endswith("SHA256SUMS"):
            return self.answer(200, server.sums, 0)
        start = self.requested_start()
        if start and start >= len(server.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(server.content)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.answer(206 if start else 200, server.content, start)

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()

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
        if self.server.states_size:
            self.send_header("Content-Length", str(size - start))
        else:
            self.close_connection = True
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.end_headers()
        if self.server.cut_first > 0 or self.server.claimed_size:
            self.server.cut_first -= 1
            body = body[: len(body) // 2] if not self.server.claimed_size else body[: self.server.claimed_size]
            self.close_connection = True
        for piece in (bytes([value]) for value in body) if self.server.drips else (body,):
            self.wfile.write(piece)

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
    server.tag, server.content = '"version 2"', OTHER_CONTENT
    fetch(url=server.url, output=output)
    assert output.read_bytes() == OTHER_CONTENT


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
    with pytest.raises(SystemExit, match="512.1 kB are still to come.*1.0 kB free"):
        fetch(url=server.url, output=output)
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize("known", [{}, {"sha256": SHA256}])
def test_a_file_cut_short_by_a_wrong_length_never_becomes_the_package(server, output, known):
    server.claimed_size = len(CONTENT) // 2
    with pytest.raises(SystemExit, match="01_images.zip.*is not the file that was published"):
        fetch(url=server.url, output=output, **known)
    assert list(output.parent.iterdir()) == []


def test_a_file_of_unknown_length_is_taken_only_with_a_checksum(server, output):
    server.states_size = False
    with pytest.raises(SystemExit, match="does not say how long the file is.*give its md5 or sha256"):
        fetch(url=server.url, output=output)
    fetch(url=server.url, output=output, md5=MD5)
    assert output.read_bytes() == CONTENT


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_pause_that_a_busy_server_asks_for_is_kept(server, output, monkeypatch, form):
    pauses = []
    monkeypatch.setattr(download_module.time, "sleep", pauses.append)
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=91))
    server.fail_first, server.retry_after = 1, "90" if form == "seconds" else later
    fetch(url=server.url, output=output)
    assert len(pauses) == 1 and 80 < pauses[0] <= 91


def test_a_server_that_asks_for_hours_is_left_for_a_later_call(server, output):
    server.fail_first, server.retry_after = 1, "7200"
    with pytest.raises(SystemExit, match="503.*Run the same command again"):
        fetch(url=server.url, output=output)


def test_a_slow_drip_ends_with_what_to_do(server, output, monkeypatch):
    monkeypatch.setattr(download_module, "STALL", 0.02)
    monkeypatch.setattr(download_module, "SLOWEST", 1 << 40)
    server.drips = True
    with pytest.raises(SystemExit, match="which would take for ever. Run the same command again"):
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


@pytest.mark.parametrize("states_size", [True, False])
def test_a_full_disk_keeps_what_arrived_and_the_download_goes_on(server, small_disk, states_size):
    server.states_size, output = states_size, small_disk / "gta" / "01_images.zip"
    with pytest.raises(SystemExit, match="Make room and run the same command again"):
        fetch(url=server.url, output=output, sha256=SHA256)
    assert not output.exists()
    subprocess.run(["mount", "-o", "remount,size=2m", str(small_disk)], check=True)
    fetch(url=server.url, output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT
    if not states_size:
        assert server.ranges[-1] is not None


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A key and a certificate for 127.0.0.1 that nobody has signed."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return folder


@pytest.fixture
def https_server(certificate, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server) as served:
        yield served


def test_a_certificate_that_nobody_vouches_for_is_refused(https_server, output):
    with pytest.raises(SystemExit, match="certificate is not trusted"):
        fetch(url=https_server.url.replace("http:", "https:"), output=output)
    assert list(output.parent.iterdir()) == [] and https_server.ranges == []


def test_a_trusted_certificate_lets_the_package_pass(https_server, certificate, output, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate / "cert.pem"))
    fetch(url=https_server.url.replace("http:", "https:"), output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT


def test_a_redirect_out_of_https_is_refused(https_server, server, certificate, output, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate / "cert.pem"))
    https_server.moved_to = server.url
    with pytest.raises(SystemExit, match=f"leads from https to {server.url}"):
        fetch(url=https_server.url.replace("http:", "https:").replace("/01", "/moved/01"), output=output)
    assert list(output.parent.iterdir()) == []


def test_the_first_fetch_records_the_sha256_and_every_later_one_must_have_it(server, output, tmp_path):
    lock = tmp_path / "config" / "packages.sha256"
    fetch(url=server.url, output=output, lock=lock)
    assert lock.read_text() == f"{SHA256}  packages/01_images.zip\n"
    output.unlink()
    fetch(url=server.url, output=output, lock=lock)
    output.unlink()
    server.content = OTHER_CONTENT
    with pytest.raises(SystemExit, match=f"expected {SHA256}.*line packages/01_images.zip of .*packages.sha256"):
        fetch(url=server.url, output=output, lock=lock)
    assert list(output.parent.iterdir()) == []


def test_a_wrong_md5_is_never_recorded(server, output, tmp_path):
    with pytest.raises(SystemExit, match="md5: expected"):
        fetch(url=server.url, output=output, md5="0" * 32, lock=tmp_path / "packages.sha256")
    assert not (tmp_path / "packages.sha256").exists()


def test_packages_that_are_fetched_side_by_side_are_all_recorded(server, tmp_path):
    lock, names = tmp_path / "packages.sha256", [f"{number:02}_images.zip" for number in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: fetch(url=server.url, output=tmp_path / "gta" / name, lock=lock), names))
    assert sorted(lock.read_text().splitlines()) == [f"{SHA256}  gta/{name}" for name in names]


class Cityscapes(Handler):
    """The publisher's site as csDownload knows it."""

    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(302 if "password=right" in form else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        package = {"name": "gtFine_trainvaltest.zip", "packageID": "1", "size": "1MB", "thirdparty": "0"}
        pages = {"/login": b"", "/downloads/?list": json.dumps([package]).encode()}
        pages["/md5-sum/?packageID=1"] = f"{MD5}  gtFine_trainvaltest.zip".encode()
        if self.path in pages:
            self.send_response(200)
            self.send_header("Content-Length", str(len(pages[self.path])))
            self.end_headers()
            self.wfile.write(pages[self.path])
        elif self.path == "/file-handling/?packageID=1":
            super().do_GET()


@pytest.fixture
def cityscapes(monkeypatch, tmp_path):
    """The site on loopback, under the publisher's address, and a function that stores an account."""
    server = Server()
    server.RequestHandlerClass = Cityscapes
    send, site = requests.Session.request, re.compile("https://www.cityscapes-dataset.com")
    here = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(requests.Session, "request", lambda s, m, url, **kw: send(s, m, site.sub(here, url), **kw))
    monkeypatch.setattr(account.time, "sleep", lambda _: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))

    def store(password="right"):
        account.credentials_file().parent.mkdir(parents=True)
        account.credentials_file().write_text(json.dumps({"username": "me", "password": password}))

    with running(server):
        server.store = store
        yield server


def fetch_cityscapes(tmp_path):
    output = tmp_path / "out" / "gtFine_trainvaltest.zip"
    fetch(url=str(tmp_path / "gtFine_trainvaltest.zip"), output=output, md5=MD5, downloader="csDownload")
    return output


def test_csdownload_brings_cityscapes_and_resumes_a_cut_connection(cityscapes, tmp_path, capfd):
    cityscapes.store()
    cityscapes.cut_first = 1
    output = fetch_cityscapes(tmp_path)
    assert output.read_bytes() == CONTENT
    assert cityscapes.ranges == [None, f"bytes={len(CONTENT) // 2 // 1024 * 1024}-"]  # csDownload writes whole KiB
    assert only_the_package(output)
    assert not {"right", "password"} & set(re.findall(r"\w+", "".join(capfd.readouterr())))


def test_without_an_account_cityscapes_is_wanted_as_a_file(cityscapes, tmp_path):
    with pytest.raises(SystemExit, match="no such file.*cityscapes-dataset.com.*csDownload"):
        fetch_cityscapes(tmp_path)


def test_a_wrong_password_says_so_without_telling_it(cityscapes, tmp_path):
    cityscapes.store(password="guess")
    with pytest.raises(SystemExit, match="Bad credentials") as stop:
        fetch_cityscapes(tmp_path)
    assert "guess" not in str(stop.value)


def test_a_file_at_hand_comes_before_csdownload(cityscapes, tmp_path):
    cityscapes.store()
    (tmp_path / "gtFine_trainvaltest.zip").write_bytes(CONTENT)
    assert fetch_cityscapes(tmp_path).read_bytes() == CONTENT
    assert cityscapes.ranges == []


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
