"""Verb ``train``: one model on one training set with one seed."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import torch
from mmengine.dataset import pseudo_collate
from mmengine.dist import get_rank, get_world_size, is_main_process
from safetensors.torch import save

from segmodel.files import whole_file
from segmodel.manifest import SOURCE
from segmodel.models import build_model, read_config
from segmodel.training.checkpoint import Checkpoint, fingerprint
from segmodel.training.data import Geometry, TrainingStream
from segmodel.training.log import NoLog, TrainingLog
from segmodel.training.optimisation import build_optimiser, learning_rate_factor
from segmodel.training.options import Presentation, TrainOptions
from segmodel.training.parallel import all_of, run_on
from segmodel.training.trainer import Progress, Trainer


def train(
    *,
    model: str,
    data: Path,
    output: Path,
    state: Path,
    options: TrainOptions,
    seed: int,
    generator: str | None = None,
    presentation: Presentation = Presentation(),  # noqa: B008 (frozen)
) -> None:
    """Train a model and write ``weights.safetensors``, ``training.json`` and ``logs/``.

    Interrupted and started again with the same arguments, it goes on from the last saved state and ends with the same
    weights. The weights are those of the last iteration: nothing is selected.

    Args:
        model: the model's name in the configuration.
        data: training set, csv with the columns image, label, origin.
        output: folder of the results.
        state: folder of the resumable state, emptied at the end.
        options: the values of ``models.<name>`` in the configuration.
        seed: decides initial weights, order, augmentation and dropout.
        generator: name of the generator that the training set must hold images of.
        presentation: how the images of the training set are shown.

    Raises:
        SystemExit: a file, the training set or an option does not do; the message says what to change.
    """
    work = partial(_train, model, data, output, state, options, seed, generator, presentation)
    run_on(options.processes, work)


def _train(
    model: str,
    data: Path,
    output: Path,
    state: Path,
    options: TrainOptions,
    seed: int,
    generator: str | None,
    presentation: Presentation,
) -> None:
    config = read_config(options.config)
    geometry = Geometry(options.crop, options.source_size, options.cat_max_ratio)
    stream = TrainingStream(data, geometry, seed, presentation)
    images = Counter(row["origin"] for row in stream.rows.load_data_list())
    if generator and not images[generator]:
        raise SystemExit(f"{data}: no image of the generator {generator}; generate them, then run `build-training-set`")
    network = build_model(config, seed)
    optimiser = build_optimiser(network, options.learning_rate, options.weight_decay, options.head_learning_rate_factor)
    trainer = Trainer(network, optimiser, options.precision, seed)
    settings = {"seed": seed, **options.decisive(), **presentation.decisive()}
    checkpoint = Checkpoint(state, fingerprint(settings, config, data))
    progress = _resumed(trainer, checkpoint)
    with closing(TrainingLog(output / "logs", progress.iteration) if is_main_process() else NoLog()) as log:
        _run(trainer, stream, progress, checkpoint, options, log)
    _require_seen(progress.seen, images, data)
    if is_main_process():
        _write(trainer, output, _record(model, data, seed, options, images, progress))
        checkpoint.clear()


def _run(
    trainer: Trainer,
    stream: TrainingStream,
    progress: Progress,
    checkpoint: Checkpoint,
    options: TrainOptions,
    log: TrainingLog | NoLog,
) -> None:
    for batch in _batches(stream, progress.iteration, options):
        factor = learning_rate_factor(progress.iteration, options.warmup, options.iterations)
        progress.losses.append(trainer.step(batch, progress.iteration, factor))
        progress.seen.update(all_of([sample.origin for sample in batch["data_samples"]]))
        progress.iteration += 1
        log.report(progress, options.iterations, options.learning_rate * factor)
        if progress.iteration % options.checkpoint_every == 0 and is_main_process():
            checkpoint.save({"trainer": trainer.state(), "progress": progress.state()})


def _batches(stream: TrainingStream, start: int, options: TrainOptions) -> Iterator[dict]:
    size, processes = options.batch_size, get_world_size()
    if size % processes:
        raise SystemExit(f"batch_size {size} cannot be shared evenly by {processes} processes; change either")
    positions = range(start * size + get_rank(), options.iterations * size, processes)
    loader = torch.utils.data.DataLoader(
        stream, size // processes, sampler=positions, collate_fn=pseudo_collate, num_workers=options.workers
    )
    return iter(loader)


def _resumed(trainer: Trainer, checkpoint: Checkpoint) -> Progress:
    state = checkpoint.load()
    if state is None:
        return Progress()
    trainer.restore(state["trainer"])
    return Progress.restored(state["progress"])


def _require_seen(seen: Counter, images: Counter, data: Path) -> None:
    for origin in images:
        if not seen[origin]:
            kind = "source" if origin == SOURCE else "generated"
            raise SystemExit(f"{data}: the training saw no {kind} image ({origin}); give it more iterations")


def _record(model: str, data: Path, seed: int, options: TrainOptions, images: Counter, progress: Progress) -> dict:
    return {
        "model": model,
        "config": str(options.config),
        "training_set": data.stem,
        "seed": seed,
        "iterations": progress.iteration,
        "batch_size": options.batch_size,
        "images": dict(sorted(images.items())),
        "samples_seen": dict(sorted(progress.seen.items())),
        "loss": progress.loss,
    }


def _write(trainer: Trainer, output: Path, record: dict) -> None:
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in trainer.model.state_dict().items()}
    with whole_file(output / "training.json") as partial:
        partial.write_text(json.dumps(record, indent=2) + "\n")
    with whole_file(output / "weights.safetensors") as partial:
        partial.write_bytes(save(weights))
