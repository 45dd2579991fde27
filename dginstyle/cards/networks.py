"""``write-network-card``: the model card of U^S or the ControlNet."""

from pathlib import Path

from huggingface_hub import ModelCardData

from dginstyle.cards.licences import OPENRAIL, OWN
from dginstyle.cards.options import CardOptions
from dginstyle.cards.parts import PAPER, licence_part, origin_part, quality_part, scores_part, with_parts
from dginstyle.diffusion.origins import CONFIG, NetworkName
from dginstyle.files import whole_file

TITLES = {"unet_source": "U^S", "controlnet": "label map ControlNet"}
INTRODUCTIONS = {
    "unet_source": """U^S of [DGInStyle]({paper}) (ECCV 2024): the prior's U-Net fine-tuned on the images of a source
domain, with an empty prompt. The label map ControlNet is trained on it; on its own it generates in the source's style.

```python
from diffusers import UNet2DConditionModel

unet = UNet2DConditionModel.from_pretrained("{place}")
```""",
    "controlnet": """ControlNet of [DGInStyle]({paper}) (ECCV 2024): from label maps (the 19 Cityscapes classes and
ignore, one channel each) to street scenes, trained on U^S. Attached to the prior it generates in the prior's styles
(the paper's style swap).

```python
import dginstyle

model = dginstyle.load("{prior}", "{place}")
scenes = dginstyle.generate(model, "label.png", weather="snowy", images=4)
```""",
}
USE = """Intended: research on domain generalisation of semantic segmentation, that is images of street scenes with
label maps to train on. Not intended: images of real people or places, a claim that a scene took place, decisions about
people, or the training or test of a system that drives, without a check of its own on real data: the images show what
the prior thinks of streets, with its biases, and details can contradict their label maps."""


def write_network_card(
    *,
    network: NetworkName,
    weights: Path,
    output: Path,
    facts: CardOptions,
    quality: Path | None = None,
    summary: Path | None = None,
    starts: Path | None = None,
) -> None:
    """Write the model card of a trained network, the text of its ``README.md`` on the hub.

    Args:
        network: which network it is.
        weights: diffusers folder of its weights.
        output: Markdown file to write.
        facts: what the card says of the run besides its numbers.
        quality: ``quality.csv``; None for none.
        summary: ``dg_miou_summary.csv``; None for none.
        starts: ``runs.jsonl`` of its training; None for none.

    Raises:
        SystemExit: the folder has no weights, or a table is invalid.
    """
    if not (weights / CONFIG).is_file():
        raise SystemExit(f"{weights} has no {CONFIG}: train the network, or name the folder of its weights")
    licences = facts.licences()
    prior, _ = licences.values()
    is_own = all(one == OWN for one in licences.values())
    data = ModelCardData(
        base_model=None if facts.prior_is_own else facts.prior,
        library_name="diffusers",
        license=OWN.identifier if is_own else prior.identifier if prior == OPENRAIL else "other",
        tags=["dginstyle", network, "semantic-segmentation", "domain-generalization"],
    )
    text = with_parts(
        data.to_yaml(),
        f"DGInStyle {TITLES[network]}, benchmark {facts.benchmark}",
        INTRODUCTIONS[network].format(paper=PAPER, place=facts.place, prior=facts.prior),
        {
            "Caution": facts.note,
            "Use": USE,
            "Licence": licence_part(licences),
            "Generated images": quality_part(quality, facts.generators),
            "Domain generalisation": scores_part(summary, facts.training_sets),
            "Training": origin_part(facts.settings, starts),
        },
    )
    with whole_file(output) as unfinished:
        unfinished.write_text(text)
