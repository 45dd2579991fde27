"""Upload of trained networks to the hub, with a model card."""

import json
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, ModelCard, ModelCardData
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

PAPER = "https://arxiv.org/abs/2312.03048"
DESCRIPTIONS = {
    "dreambooth": """U^S of DGInStyle: the prior's U-Net fine-tuned on the images of a source domain, with an empty
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


def write_model_card(folder: Path, repository: str, task: str, prior: str, settings: dict[str, Any]) -> None:
    """Write the model card of trained weights, ``README.md``.

    Args:
        folder: diffusers folder of the weights.
        repository: owner/name on the hub.
        task: ``dreambooth`` or ``controlnet``.
        prior: diffusers folder or hub id of U^P.
        settings: settings of the training.
    """
    hub_id = None if Path(prior).is_dir() else prior
    data = ModelCardData(base_model=hub_id, library_name="diffusers", tags=["dginstyle", task])
    description = DESCRIPTIONS[task].format(repository=repository, prior=prior)
    values = json.dumps(settings, indent=2, default=str)
    ModelCard(
        f"---\n{data.to_yaml()}\n---\n\n# {repository.split('/')[-1]}\n\n{description}\n\n"
        f"Method: [DGInStyle]({PAPER}), ECCV 2024. Trained with\n\n```json\n{values}\n```\n\n"
        "The licences of the prior and of the source data also apply to these weights.\n"
    ).save(folder / "README.md")


def push(folder: Path, repository: str) -> str:
    """Upload a folder of weights, to a private repository if it is new, and return its URL.

    Args:
        folder: diffusers folder of the weights.
        repository: owner/name.

    Raises:
        SystemExit: the upload failed; the weights stay in their folder.
    """
    api = HfApi()
    try:
        repository = api.create_repo(repository, private=True, exist_ok=True).repo_id
        return str(api.upload_folder(repo_id=repository, folder_path=folder, commit_message="Trained weights"))
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        reason = " ".join(str(error).split())
        raise SystemExit(
            f"the weights are in {folder}, but not on the hub ({reason}): fix this, then run "
            f"`hf upload {repository} {folder}`"
        ) from None
