"""``publish``: upload of trained networks to the hub, with a model card."""

import json
from pathlib import Path
from typing import Any

from huggingface_hub import CommitOperationAdd, HfApi, ModelCard, ModelCardData
from huggingface_hub.errors import HFValidationError, HTTPError

from dginstyle.diffusion.origins import CONFIG, NetworkName, hub_id
from dginstyle.files import write_json

PAPER = "https://arxiv.org/abs/2312.03048"
DESCRIPTIONS = {
    "unet_source": """U^S of DGInStyle: the prior's U-Net fine-tuned on the images of a source domain, with an empty
prompt. The label map ControlNet is trained on it; on its own it generates in the source's style.

```python
from diffusers import UNet2DConditionModel

unet = UNet2DConditionModel.from_pretrained("{repository}")
```""",
    "controlnet": """ControlNet of DGInStyle: from label maps (the 19 Cityscapes classes and ignore, one channel each)
to street scenes, trained on U^S. Attached to the prior it generates in the prior's styles (the paper's style swap).

```python
import dginstyle

model = dginstyle.load("{prior}", "{repository}")
scenes = dginstyle.generate(model, "label.png", weather="snowy", images=4)
```""",
}


def publish(
    *, network: NetworkName, weights: Path, repository: str, prior: str, settings: dict[str, Any], output: Path
) -> None:
    """Upload a trained network to the hub, with a model card; a new repository is private.

    A failed upload changes nothing here: the same command tries again. Needs `hf auth login`.

    Args:
        network: which network it is.
        weights: diffusers folder of its weights.
        repository: owner/name on the hub.
        prior: diffusers folder or hub id of U^P.
        settings: options and seed of the training, for the model card.
        output: JSON to write: repository and URL.

    Raises:
        SystemExit: the folder has no weights, or the upload failed.
    """
    if not (weights / CONFIG).is_file():
        raise SystemExit(f"{weights} has no {CONFIG}: train the network, or name the folder of its weights")
    url = push(weights, repository, model_card(repository, network, prior, settings))
    write_json(output, {"repository": repository, "url": url}, indent=2)


def model_card(repository: str, network: NetworkName, prior: str, settings: dict[str, Any]) -> str:
    """Return the model card of trained weights, the text of ``README.md``; arguments as in `publish`."""
    base_model = hub_id(prior)
    data = ModelCardData(base_model=base_model, library_name="diffusers", tags=["dginstyle", network])
    description = DESCRIPTIONS[network].format(repository=repository, prior=base_model or prior)
    values = json.dumps(settings, indent=2)
    card = ModelCard(
        f"---\n{data.to_yaml()}\n---\n\n# {repository.split('/')[-1]}\n\n{description}\n\n"
        f"Method: [DGInStyle]({PAPER}), ECCV 2024. Trained with\n\n```json\n{values}\n```\n\n"
        "The licences of the prior and of the source data also apply to these weights.\n"
    )
    return str(card)


def push(folder: Path, repository: str, card: str) -> str:
    """Upload a folder's files and a model card in one commit, and return its URL.

    Raises:
        SystemExit: the upload failed.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    added = {path.relative_to(folder).as_posix(): path for path in files} | {"README.md": card.encode()}
    operations = [CommitOperationAdd(name, content) for name, content in added.items()]
    api = HfApi()
    try:
        repository = api.create_repo(repository, private=True, exist_ok=True).repo_id
        return str(api.create_commit(repository, operations, commit_message="Trained weights"))
    except (HTTPError, HFValidationError, OSError) as error:
        reason = " ".join(str(error).split())
        raise SystemExit(
            f"{folder} is not on the hub ({reason}): its weights stay where they are; check network, repository and "
            "`hf auth login`, then run the same command again"
        ) from None
