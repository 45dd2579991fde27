"""Upload to the hub: huggingface_hub's client against a small server that mimics the hub."""

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from diffusers import UNet2DConditionModel
from huggingface_hub import ModelCard

from dginstyle.training.publish import push, write_model_card

REPOSITORY = "someone/unet-source"


class Hub(BaseHTTPRequestHandler):
    """Accepts all files as part of the commit."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(self.path)
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
    server.asked, server.files, server.created, server.status = [], {}, None, 200
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def weights(prior, tmp_path):
    folder = tmp_path / "unet_source"
    UNet2DConditionModel.from_pretrained(prior, subfolder="unet").save_pretrained(folder)
    write_model_card(folder, REPOSITORY, "dreambooth", "owner/prior", {"steps": 4})
    return folder


def test_the_whole_folder_is_uploaded_to_a_private_repository(hub, weights):
    assert push(weights, REPOSITORY).startswith("http://127.0.0.1")
    assert hub.created["name"] == "unet-source"
    assert hub.created["visibility"] == "private"
    assert hub.files == {path.name: path.read_bytes() for path in weights.iterdir()}


def test_the_card_has_prior_settings_and_usage(weights):
    card = ModelCard.load(weights / "README.md")
    assert (card.data.base_model, card.data.library_name) == ("owner/prior", "diffusers")
    assert f'from_pretrained("{REPOSITORY}")' in card.text
    assert '"steps": 4' in card.text


def test_the_card_of_a_local_prior_has_no_base_model(prior, tmp_path):
    write_model_card(tmp_path, REPOSITORY, "controlnet", prior, {})
    assert ModelCard.load(tmp_path / "README.md").data.base_model is None


def test_a_failed_upload_says_where_the_weights_are_and_how_to_upload_them(hub, weights):
    hub.status = 403
    with pytest.raises(SystemExit, match=f"the weights are in {weights}.*`hf upload {REPOSITORY} {weights}`"):
        push(weights, REPOSITORY)
    assert (weights / "config.json").is_file()


def test_an_invalid_repository_stops_with_a_message(weights):
    with pytest.raises(SystemExit, match="the weights are in"):
        push(weights, "no/such/name")
