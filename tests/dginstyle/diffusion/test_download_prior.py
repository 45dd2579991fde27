"""A prior from the hub, pinned to a commit."""

import json
import shutil

import pytest

from dginstyle.diffusion.download_prior import download_prior
from dginstyle.diffusion.loading import TextEncoder, load_scheduler
from dginstyle.diffusion.origins import hub_id
from tests.dginstyle.diffusion.hub_server import COMMIT, REPOSITORY, serving


@pytest.fixture
def hub(prior, tmp_path, monkeypatch):
    shutil.copytree(prior, tmp_path / "hub")
    (tmp_path / "hub/unet/diffusion_pytorch_model.bin").write_text("the same weights as a pickle")
    with serving(tmp_path / "hub", monkeypatch) as server:
        server.folder = tmp_path / "hub"
        yield server


def test_prior_is_downloaded_at_its_commit_without_other_formats(hub, prior, tmp_path):
    download_prior(origin=REPOSITORY, revision=COMMIT, output=tmp_path / "prior")
    files = {path.relative_to(tmp_path / "prior") for path in (tmp_path / "prior").rglob("*") if path.is_file()}
    assert {"model_index.json", "download.json"} <= {str(file) for file in files}
    assert not [file for file in files if file.suffix == ".bin" or ".cache" in file.parts]
    assert all(f"/{COMMIT}/" in path for path in hub.asked)
    assert TextEncoder.load(str(tmp_path / "prior"))(["a street"]).equal(TextEncoder.load(prior)(["a street"]))
    assert load_scheduler(str(tmp_path / "prior"), "ddim").config.num_train_timesteps


def test_downloaded_prior_remembers_its_hub_id(hub, tmp_path):
    download_prior(origin=REPOSITORY, revision=COMMIT, output=tmp_path / "prior")
    assert json.loads((tmp_path / "prior/download.json").read_text()) == {"origin": REPOSITORY, "revision": COMMIT}
    assert hub_id(str(tmp_path / "prior")) == hub_id(REPOSITORY) == REPOSITORY


def test_prior_without_safetensors_is_rejected(hub, tmp_path):
    (hub.folder / "vae/diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(SystemExit, match="has no vae/diffusion_pytorch_model.safetensors at 0123"):
        download_prior(origin=REPOSITORY, revision=COMMIT, output=tmp_path / "prior")
    assert not (tmp_path / "prior").exists()
