"""Fetching from a real HTTP server: certificates, pinned checksums and accounts."""

import json
import re
import shutil
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from dginstyle.datasets import account
from dginstyle.datasets.fetch import fetch
from tests.dginstyle.package_server import (
    CONTENT,
    MD5,
    OTHER_CONTENT,
    SHA256,
    Handler,
    Server,
    only_the_package,
    running,
)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A self-signed certificate for 127.0.0.1 and its key."""
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


def test_an_untrusted_certificate_is_rejected(https_server, output):
    with pytest.raises(SystemExit, match="certificate is not trusted"):
        fetch(url=https_server.url.replace("http:", "https:"), output=output)
    assert list(output.parent.iterdir()) == [] and https_server.ranges == []


def test_a_trusted_certificate_is_accepted(https_server, certificate, output, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate / "cert.pem"))
    fetch(url=https_server.url.replace("http:", "https:"), output=output, sha256=SHA256)
    assert output.read_bytes() == CONTENT


def test_a_redirect_from_https_to_http_is_rejected(https_server, server, certificate, output, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate / "cert.pem"))
    https_server.moved_to = server.url
    with pytest.raises(SystemExit, match=f"redirects from https to the insecure {server.url}"):
        fetch(url=https_server.url.replace("http:", "https:").replace("/01", "/moved/01"), output=output)
    assert list(output.parent.iterdir()) == []


@pytest.mark.reliability("a package without a published digest is replaced after its first download", "refused")
def test_the_first_fetch_pins_the_sha256(server, output, tmp_path):
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


def test_packages_fetched_in_parallel_are_all_recorded(server, tmp_path):
    lock, names = tmp_path / "packages.sha256", [f"{number:02}_images.zip" for number in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: fetch(url=server.url, output=tmp_path / "gta" / name, lock=lock), names))
    assert sorted(lock.read_text().splitlines()) == [f"{SHA256}  gta/{name}" for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gta", lock.name]


class Cityscapes(Handler):
    """The publisher's site as csDownload expects it."""

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
    """The site on localhost under the publisher's address, and a function that stores an account."""
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


def test_csdownload_fetches_cityscapes_and_resumes_after_a_lost_connection(cityscapes, tmp_path, capfd):
    cityscapes.store()
    cityscapes.cut_first = 1
    output = fetch_cityscapes(tmp_path)
    assert output.read_bytes() == CONTENT
    assert cityscapes.ranges == [None, f"bytes={len(CONTENT) // 2 // 1024 * 1024}-"]  # csDownload writes whole KiB
    assert only_the_package(output)
    assert not {"right", "password"} & set(re.findall(r"\w+", "".join(capfd.readouterr())))


def test_without_an_account_cityscapes_needs_a_local_file(cityscapes, tmp_path):
    with pytest.raises(SystemExit, match="no such file.*cityscapes-dataset.com.*csDownload"):
        fetch_cityscapes(tmp_path)


def test_a_wrong_password_is_reported_but_not_printed(cityscapes, tmp_path):
    cityscapes.store(password="guess")
    with pytest.raises(SystemExit, match="Bad credentials") as stop:
        fetch_cityscapes(tmp_path)
    assert "guess" not in str(stop.value)


def test_a_local_file_is_preferred_to_csdownload(cityscapes, tmp_path):
    cityscapes.store()
    (tmp_path / "gtFine_trainvaltest.zip").write_bytes(CONTENT)
    assert fetch_cityscapes(tmp_path).read_bytes() == CONTENT
    assert cityscapes.ranges == []
