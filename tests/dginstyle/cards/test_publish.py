"""Upload to the hub: huggingface_hub's client against a small server that mimics the hub."""

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from dginstyle.cards.publish import publish

REPOSITORY = "someone/unet-source"


class Hub(BaseHTTPRequestHandler):
    """Accepts all files as part of the commit."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(self.path)
        self.server.tokens.add(self.headers.get("Authorization"))
        url = f"http://{self.headers['Host']}/{REPOSITORY}"
        if self.path.endswith("/create"):
            self.server.created = json.loads(body)
            return self.answer({"url": url})
        if self.path.endswith("/validate-yaml"):  # of the model card
            return self.answer({"errors": [], "warnings": []})
        if "/preupload/" in self.path:
            files = [file["path"] for file in json.loads(body)["files"]]
            return self.answer(
                {"files": [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in files]}
            )
        lines = [json.loads(line) for line in body.splitlines()]
        files = [line["value"] for line in lines if line["key"] == "file"]
        self.server.files |= {file["path"]: base64.b64decode(file["content"]) for file in files}
        return self.answer({"success": True, "commitOid": "0" * 40, "commitUrl": f"{url}/commit/{'0' * 40}"})

    def do_GET(self):
        self.answer({"sha": "0" * 40})

    def answer(self, content):
        body = json.dumps(content).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.asked, server.files, server.created, server.status, server.tokens = [], {}, None, 200, set()
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def weights(tmp_path):
    """A folder of weights, with a card beside it."""
    folder = tmp_path / "unet_source"
    (folder / "logs").mkdir(parents=True)
    for name, text in (("config.json", "{}"), ("logs/train.log", "step 1"), (".snakemake_timestamp", "")):
        (folder / name).write_text(text)
    (tmp_path / "card.md").write_text(f"# U^S\n\nload_model({str(folder)!r})\n")
    return folder


def published(weights, repository=REPOSITORY, kind="model", files=None):
    output = weights.parent / "published/unet_source.json"
    words = {"card": weights.parent / "card.md", "place": str(weights), "output": output}
    publish(kind=kind, files=files or {".": weights}, repository=repository, **words)
    return json.loads(output.read_text())


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_whole_folder_and_its_card_are_uploaded_to_a_private_repository(hub, weights):
    before = contents(weights)
    assert published(weights)["url"].startswith("http://127.0.0.1")
    assert (hub.created["name"], hub.created["visibility"]) == ("unet-source", "private")
    assert hub.files.pop("README.md").decode() == f"# U^S\n\nload_model({REPOSITORY!r})\n"
    assert contents(weights) == before
    assert hub.files == {name: content for name, content in before.items() if name != ".snakemake_timestamp"}


def test_a_set_becomes_a_data_set(hub, weights):
    published(weights, kind="dataset")
    assert hub.created["type"] == "dataset"
    assert any(path.startswith("/api/datasets/someone/") and "/commit/" in path for path in hub.asked)


def test_files_are_uploaded_to_their_places(hub, weights):
    published(weights, files={"dginstyle/seed0/config.json": weights / "config.json"})
    assert hub.files.keys() == {"dginstyle/seed0/config.json", "README.md"}


def test_many_files_are_uploaded_in_several_commits(hub, weights, monkeypatch):
    monkeypatch.setattr("dginstyle.cards.publish.FILES_PER_COMMIT", 2)
    published(weights)
    assert sum("/commit/" in path for path in hub.asked) == 2
    assert len(hub.files) == 3


FAILED = r"someone/unet-source is not on the hub \(.*stays where it is; .* run the same command again"


def test_a_failed_upload_costs_nothing_and_can_be_repeated(hub, weights):
    before, hub.status = contents(weights), 403
    with pytest.raises(SystemExit, match=FAILED):
        published(weights)
    assert contents(weights) == before
    hub.status = 200
    assert published(weights)["repository"] == REPOSITORY


@pytest.mark.parametrize("status", [200, 401, 403, 500])
def test_the_token_is_nowhere_but_in_the_requests(hub, weights, capfd, status):
    hub.status, message = status, ""
    try:
        published(weights)
    except SystemExit as stop:
        message = str(stop)
    assert "Bearer hf_of_a_test" in hub.tokens
    records = [path.read_text() for path in weights.parent.glob("published/*")]
    assert "hf_of_a_test" not in "".join([message, *capfd.readouterr(), *records])
    assert all(b"hf_of_a_test" not in content for content in hub.files.values())


def test_an_unreachable_hub_stops_with_the_same_message(hub, weights):
    hub.shutdown()
    hub.server_close()
    with pytest.raises(SystemExit, match=FAILED):
        published(weights)


def test_an_invalid_repository_stops_with_a_message(weights):
    with pytest.raises(SystemExit, match=r"no/such/name is not on the hub \("):
        published(weights, "no/such/name")


def test_a_folder_without_files_stops_with_a_message(weights, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit, match="empty has no files: train the network or generate the set"):
        published(weights, files={".": tmp_path / "empty"})
