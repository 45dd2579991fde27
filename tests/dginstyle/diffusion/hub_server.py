"""A small server that mimics the hub's downloads from a folder on disk."""

import hashlib
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

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


def hub_server(folder: Path) -> ThreadingHTTPServer:
    """Return a server, not yet started, of the files in a folder; ``asked`` lists the requests."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, folder))
    server.asked = []
    return server
