"""Train the mini prior's architectures side by side until a deadline, decoder and denoiser in processes of their own.

The number of steps is what fits: each process measures its rate while the others run, then starts over.
"""

import multiprocessing
import shutil
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from dginstyle.prior.corpus import render_corpus
from dginstyle.prior.networks import ARCHITECTURES
from dginstyle.prior.options import Pace, PriorOptions
from dginstyle.prior.train import PriorTraining

SEED = 20261127
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


def options(size: str, architecture: str, paces: dict[str, Pace]) -> PriorOptions:
    """Return the training's options."""
    precision = "bf16" if torch.cuda.is_available() else "fp32"
    return PriorOptions(architecture=architecture, streets=STREETS[size], precision=precision, **paces)


def train(folder: Path, architecture: str, part: str, deadline: float, size: str) -> None:
    """Train the decoder or the denoiser of an architecture."""
    log = (folder / "logs" / f"prior_{architecture}_{part}.log").open("w", buffering=1)
    sys.stdout = sys.stderr = log
    torch.set_num_threads(1)
    work, state = folder / "work", folder / "work" / f"{architecture}_{part}"
    state.mkdir(parents=True, exist_ok=True)
    if not (state / "corpus").exists():
        (state / "corpus").symlink_to((work / "corpus").resolve())
    paces = dict(PACES[size])
    trial = run(state, options(size, architecture, paces), part)
    began = time.perf_counter()
    trial(paces[part].steps)
    rate = paces[part].steps / (time.perf_counter() - began)
    shutil.rmtree(state / "last", ignore_errors=True)
    for path in state.glob("*.pt"):
        path.unlink()
    print(f"{architecture} {part}: {rate:.2f} steps a second")
    left = deadline - time.time() - _RESERVE
    steps = max(int(_SAFETY * left * rate), 2)
    warmup = min(400, steps // 10)
    changes = {"steps": steps, "decay": int(_SHARE_DECAYING * steps), "warmup": warmup, "checkpoint_every": 500}
    paces[part] = paces[part].replace(**changes)
    training = PriorTraining.start(state, options(size, architecture, paces), SEED)
    getattr(training, f"train_{part}")()
    training.save(folder / "work" / f"saved_{architecture}_{part}")
    print(f"done: {paces[part]!r}, {deadline - time.time():.0f} s before the deadline")


def run(state: Path, chosen: PriorOptions, part: str):
    """Return a function that trains for the given number of steps, first warmed up."""
    training = PriorTraining.start(state, chosen, SEED)
    loss = getattr(training, f"{part}_loss")
    for _ in range(3):
        loss(0).backward()

    def steps(count: int) -> None:
        getattr(training, f"train_{part}")()
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    return steps


def assemble(folder: Path, architecture: str) -> None:
    """Join the decoder's and the denoiser's results to one prior, ``prior_<architecture>``."""
    work, output = folder / "work", folder / f"prior_{architecture}"
    shutil.copytree(work / f"saved_{architecture}_denoiser", output, dirs_exist_ok=True)
    decoder = work / f"saved_{architecture}_decoder" / "vae"
    if decoder.exists():
        shutil.copytree(decoder, output / "vae", dirs_exist_ok=True)
    weights = load_file(output / "unet" / "diffusion_pytorch_model.safetensors")
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())


def main(folder: Path, deadline: float, size: str) -> None:
    """Render the corpus, train, assemble."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    render_corpus(folder / "work" / "corpus", STREETS[size], SEED)
    context = multiprocessing.get_context("spawn")
    jobs = [(architecture, part) for architecture in ARCHITECTURES for part in ("denoiser", "decoder")]
    processes = [context.Process(target=train, args=(folder, *job, deadline, size)) for job in jobs]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    for architecture in ARCHITECTURES:
        if (folder / "work" / f"saved_{architecture}_denoiser").exists():
            assemble(folder, architecture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
