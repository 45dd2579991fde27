"""Train the mini prior of config/config.yaml until a deadline, decoder and denoiser side by side.

The number of steps is what fits: each process measures its rate while the others run, then starts over.
"""

import multiprocessing
import shutil
import sys
import time
from pathlib import Path

import torch
import yaml

from dginstyle.prior.corpus import render_corpus
from dginstyle.prior.options import Pace, PriorOptions
from dginstyle.prior.train import PriorTraining

SEED = 20261127
CONFIGURED = yaml.safe_load(Path("config/config.yaml").read_text())["prior_training"]
STREETS = {"paper": 80_000, "toy": 40}
PACES = {
    "paper": {
        "decoder": Pace(steps=150, batch_size=128, learning_rate=2e-3, checkpoint_every=10**9),
        "denoiser": Pace(steps=150, batch_size=1024, learning_rate=1e-3, checkpoint_every=10**9),
    },
    "toy": {
        name: Pace(steps=2, batch_size=2, learning_rate=1e-3, checkpoint_every=10**9)
        for name in ("decoder", "denoiser")
    },
}
_SHARE_DECAYING = 0.25
_RESERVE = 12.0  # seconds for saving
_SAFETY = 0.95


def options(size: str, paces: dict[str, Pace]) -> PriorOptions:
    """Return the training's options: those of the configuration, but for the steps."""
    precision = "bf16" if torch.cuda.is_available() else "fp32"
    return PriorOptions(**{**CONFIGURED, "streets": STREETS[size], "precision": precision, **paces})


def train(folder: Path, part: str, deadline: float, size: str) -> None:
    """Train the decoder or the denoiser."""
    sys.stdout = sys.stderr = (folder / "logs" / f"prior_{part}.log").open("w", buffering=1)
    torch.set_num_threads(1)
    work, paces = folder / "work", dict(PACES[size])
    rate = steps_a_second(_state(work, f"trial_{part}"), options(size, paces), part)
    steps = max(int(_SAFETY * rate * (deadline - time.time() - _RESERVE)), 2)
    changes = {"steps": steps, "decay": int(_SHARE_DECAYING * steps), "warmup": min(400, steps // 10)}
    paces[part] = paces[part].replace(**changes)
    print(f"{part}: {rate:.2f} steps a second, {paces[part]!r}")
    training = PriorTraining.start(_state(work, part), options(size, paces), SEED)
    getattr(training, f"train_{part}")()
    training.save(work / f"saved_{part}")
    print(f"done {deadline - time.time():.0f} s before the deadline")
    if (work / "saved_denoiser").exists():
        assemble(folder)  # now: the folder may be collected before both trainings have ended


def _state(work: Path, name: str) -> Path:
    """Return a training's folder, with the corpus that all of them share."""
    state = work / name
    state.mkdir()
    (state / "corpus").symlink_to((work / "corpus").resolve())
    return state


def steps_a_second(state: Path, chosen: PriorOptions, part: str) -> float:
    """Return the rate of a training, measured over its steps after the first."""
    training = PriorTraining.start(state, chosen, SEED)
    getattr(training, f"{part}_loss")(0).backward()  # warm-up
    began = time.perf_counter()
    getattr(training, f"train_{part}")()  # ends with a saved state, which waits for the GPU
    return getattr(chosen, part).steps / (time.perf_counter() - began)


def assemble(folder: Path) -> None:
    """Join the decoder's and the denoiser's results to one prior."""
    work, output = folder / "work", folder / "prior"
    shutil.copytree(work / "saved_denoiser", output, dirs_exist_ok=True)
    decoder = work / "saved_decoder" / "vae"
    if decoder.exists():
        shutil.copytree(decoder, output / "vae", dirs_exist_ok=True)


def main(folder: Path, deadline: float, size: str) -> None:
    """Render the corpus, train, assemble."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    render_corpus(folder / "work" / "corpus", STREETS[size], SEED, CONFIGURED.get("paintings", 0.0))
    context = multiprocessing.get_context("spawn")
    parts = ("denoiser", "decoder")
    processes = [context.Process(target=train, args=(folder, part, deadline, size)) for part in parts]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
