"""``demo``: images of one label map in one command."""

import sysconfig
from pathlib import Path

from dginstyle.api import InvalidInputError, generate, load
from dginstyle.labels import Encoding
from dginstyle.options import AtLeastOne, PositiveInt
from dginstyle.pictures import contact_sheet


def mini_prior() -> Path:
    """Return the mini prior's folder: in the repository, or where pip installed it."""
    beside = Path(__file__).parents[1]
    schemes = ("data", sysconfig.get_default_scheme()), ("data", sysconfig.get_preferred_scheme("user"))
    installed = [beside, *(Path(sysconfig.get_path(*scheme)) for scheme in schemes)]
    places = [beside / "resources/mini_prior", *(root / "share/dginstyle/mini_prior" for root in installed)]
    return next((place for place in places if (place / "model_index.json").is_file()), places[0])


MINI_PRIOR = mini_prior()
MINI_CONTROLNET = Path("results/mini/models/controlnet")


def demo(
    *,
    label: Path,
    output: Path,
    prior: str = str(MINI_PRIOR),
    controlnet: Path = MINI_CONTROLNET,
    prompt: str | None = None,
    weather: str | None = None,
    images: PositiveInt = 1,
    steps: PositiveInt = 20,
    guidance: AtLeastOne = 7.5,
    seed: int = 0,
    encoding: Encoding = "trainIds",
) -> None:
    """Generate images of a label map and a contact sheet of them.

    Args:
        label: grey or palette PNG, or an image in Cityscapes colours, at least one window of the prior in size.
        output: folder to write ``000.png``, ``000_labelTrainIds.png``, … and ``pictures.png`` to.
        prior: diffusers folder or hub id of U^P.
        controlnet: diffusers folder of the ControlNet; default: the mini benchmark's.
        prompt: the full prompt; default: the class names.
        weather: such as snowy, for the published weather prompt.
        images: number of images.
        steps: sampling steps.
        guidance: classifier-free guidance; the published 7.5 is too strong for the mini prior, use 2.
        seed: base seed of the images' noise.
        encoding: whether grey values and palette indices are trainIds or Cityscapes ids.
    """
    if not (controlnet / "config.json").is_file():
        raise SystemExit(
            f"{controlnet} has no ControlNet: name its folder with --controlnet, or train the mini benchmark's with "
            f"`snakemake {MINI_CONTROLNET}`"
        )
    try:
        model = load(prior, controlnet, steps=steps, guidance=guidance)
        scenes = generate(model, label, prompt=prompt, weather=weather, seed=seed, images=images, encoding=encoding)
    except (InvalidInputError, FloatingPointError) as error:
        raise SystemExit(str(error)) from None
    files = [output / f"{number:03}.png" for number in range(images)]
    for scene, file in zip(scenes, files, strict=True):
        scene.save(file)
    contact_sheet([(file, file.with_name(f"{file.stem}_labelTrainIds.png")) for file in files]).save(
        output / "pictures.png"
    )
