"""A small server that mimics the hub's downloads from a folder on disk."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

COMMIT = "0123456789" * 4
REPOSITORY = "someone/DGInStyle"


class Handler(BaseHTTPRequestHandler):
    """Serves ``/<repository>/resolve/<revision>/<file>`` of the commit and of main."""

    def __init__(self, folder: Path, *arguments) -> None:
        self.folder = folder
        super().__init__(*arguments)

    def do_HEAD(self):
        self.respond(with_body=False)

    def do_GET(self):
        self.respond(with_body=True)

    def respond(self, with_body):
        self.server.asked.append(self.path)
        owner, name, _, revision, *file = self.path.strip("/").split("/")
        path = self.folder.joinpath(*file)
        if f"{owner}/{name}" != REPOSITORY or revision not in (COMMIT, "main"):
            return self.fail("RepoNotFound")
        if not path.is_file():
            return self.fail("EntryNotFound")
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def fail(self, code):
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def serving(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """Yield a server of the files in a folder, in place of the hub; ``asked`` lists the requests."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, folder))
    server.asked = []
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield server
    server.shutdown()
    server.server_close()
