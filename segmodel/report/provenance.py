"""The packages and files of a run that its page lists."""

from collections.abc import Iterator
from pathlib import Path

from segmodel.report.run import Run

MAIN_PACKAGES = ("torch", "diffusers", "transformers", "onedl-mmsegmentation", "onedl-mmcv", "snakemake", "dvc")


def hashed_files(run: Run) -> Iterator[Path]:
    """Yield the files that the numbers depend on and the tables themselves, as far as they exist."""
    yield from sorted(run.results.glob("*.csv"))
    patterns = (
        *("data/*/manifest.csv", "models/**/*.safetensors", "generated/*/manifest.csv", "training_sets/*.csv"),
        *("segmentation/*/*/seed*/weights.safetensors", "segmentation/*/*/seed*/*.npz", "predictions/*/*.npz"),
    )
    for pattern in patterns:
        yield from sorted(run.folder.glob(pattern))
