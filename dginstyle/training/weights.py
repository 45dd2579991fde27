"""The weights that a training writes: those of the last step, and those kept from earlier steps."""

import shutil
from pathlib import Path

from diffusers import ModelMixin
from torch import Tensor

from dginstyle.files import link_folder, whole_folder, write_json
from dginstyle.training.options import TrainingOptions


def save_weights(network: ModelMixin, class_pixels: Tensor, folder: Path) -> None:
    """Write a diffusers folder, with ``class_pixels.json`` if there are counts: pixels seen by trainId, (19,) int64."""
    with whole_folder(folder) as unfinished:
        network.save_pretrained(unfinished)
        if class_pixels.numel():
            pixels = {str(train_id): count for train_id, count in enumerate(class_pixels.tolist())}
            write_json(unfinished / "class_pixels.json", pixels, indent=2)


def kept_folder(state: Path, step: int) -> Path:
    """Return the folder of a step's weights until the training is finished."""
    return state / "kept" / str(step)


def require_kept(options: TrainingOptions, state: Path, step: int) -> None:
    """Check that a training that resumes after ``step`` has kept the weights of the steps that are over.

    Raises:
        SystemExit: it has not.
    """
    missing = [past for past in options.kept_steps() if past <= step and not kept_folder(state, past).is_dir()]
    if missing:
        raise SystemExit(
            f"keep_checkpoints keeps the weights of step {missing[0]}, but this training passed it without: set it "
            f"back, or delete {state} to start over"
        )


def finish_kept(options: TrainingOptions, state: Path, output: Path) -> None:
    """Move the kept weights of a finished training to ``<output>_steps/<step>``."""
    for step in options.kept_steps():
        link_folder(kept_folder(state, step), output.with_name(f"{output.name}_steps") / str(step))
    shutil.rmtree(state / "kept", ignore_errors=True)
