"""Upload to the hub: huggingface_hub's client against a small server that mimics the hub."""

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from diffusers import UNet2DConditionModel
from huggingface_hub import ModelCard

from dginstyle.training.publish import model_card, publish

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
    return folder


def published(weights, repository=REPOSITORY):
    output = weights.parent / "published/unet_source.json"
    settings = {"seed": 0, "steps": 4}
    words = {"network": "unet_source", "weights": weights, "prior": "owner/prior", "settings": settings}
    publish(**words, repository=repository, output=output)
    return json.loads(output.read_text())


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_whole_folder_and_a_card_are_uploaded_to_a_private_repository(hub, weights):
    before = contents(weights)
    assert published(weights)["url"].startswith("http://127.0.0.1")
    assert hub.created["name"] == "unet-source"
    assert hub.created["visibility"] == "private"
    assert hub.files.pop("README.md").decode() == model_card(
        REPOSITORY, "unet_source", "owner/prior", {"seed": 0, "steps": 4}
    )
    assert hub.files == contents(weights) == before


def test_the_card_has_prior_settings_and_usage():
    card = ModelCard(model_card(REPOSITORY, "unet_source", "owner/prior", {"steps": 4}))
    assert (card.data.base_model, card.data.library_name) == ("owner/prior", "diffusers")
    assert f'from_pretrained("{REPOSITORY}")' in card.text
    assert '"steps": 4' in card.text


def test_the_card_of_a_local_prior_has_no_base_model(prior):
    assert ModelCard(model_card(REPOSITORY, "controlnet", prior, {})).data.base_model is None


def test_the_card_of_a_downloaded_prior_names_its_hub_id(tmp_path):
    (tmp_path / "download.json").write_text('{"origin": "owner/prior", "revision": "0"}')
    card = ModelCard(model_card(REPOSITORY, "controlnet", str(tmp_path), {}))
    assert card.data.base_model == "owner/prior" and 'load("owner/prior"' in card.text


FAILED = r"unet_source is not on the hub \(.*weights stay where they are; .* run the same command again"


def test_a_failed_upload_costs_nothing_and_can_be_repeated(hub, weights):
    before, hub.status = contents(weights), 403
    with pytest.raises(SystemExit, match=FAILED):
        published(weights)
    assert contents(weights) == before
    hub.status = 200
    assert published(weights)["repository"] == REPOSITORY


def test_an_unreachable_hub_stops_with_the_same_message(hub, weights):
    hub.shutdown()
    hub.server_close()
    with pytest.raises(SystemExit, match=FAILED):
        published(weights)


def test_an_invalid_repository_stops_with_a_message(weights):
    with pytest.raises(SystemExit, match=FAILED):
        published(weights, "no/such/name")


def test_a_folder_without_weights_stops_with_a_message(tmp_path):
    (tmp_path / "unet_source").mkdir()
    with pytest.raises(SystemExit, match="has no config.json: train the network"):
        published(tmp_path / "unet_source")
