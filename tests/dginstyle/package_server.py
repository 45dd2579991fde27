"""A publisher's server on localhost, shared by several test files."""

import hashlib
import io
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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
    """Serves CONTENT at any path and records the requests; each test sets what goes wrong."""

    content = CONTENT
    tag = '"version 1"'
    accepts_ranges = True
    content_type = "application/zip"
    failing_status = 503
    fail_first = 0  # responses with failing_status
    cut_first = 0  # responses cut off halfway
    claimed_size = None
    states_size = True
    retry_after = None
    moved_to = None
    drips = False  # sends a byte at a time

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges, self.asked = [], []

    def handle_error(self, *_):
        """Ignore clients that hang up, which is part of the tests."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/01_images.zip"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
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
        self.server.asked.append(self.path)
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


def only_the_package(output):
    return [path.name for path in output.parent.iterdir()] == [output.name]
