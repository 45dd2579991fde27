"""Verb ``train``: train one model on one training set with one seed."""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path

from accelerate import Accelerator
from accelerate.utils import gather_object
from mmengine.dataset import pseudo_collate
from safetensors.torch import save

from segmodel.checkpoint import Checkpoint
from segmodel.checksums import remember
from segmodel.files import whole_file, write_json
from segmodel.identity import Identity, digest
from segmodel.labels import IGNORE, read_label
from segmodel.manifest import SOURCE
from segmodel.models import read_config
from segmodel.models.pretrained import named_by_hash
from segmodel.provenance import commit
from segmodel.training.accelerator import Losses, identify_together, make_accelerator
from segmodel.training.data import Geometry, TrainingStream
from segmodel.training.interruption import Interruption
from segmodel.training.loading import loaded
from segmodel.training.log import TrainingLog, open_tracker
from segmodel.training.network import build_network
from segmodel.training.optimisation import build_optimiser, learning_rate_factor
from segmodel.training.options import Presentation, TrainOptions
from segmodel.training.parallel import run_on
from segmodel.training.picture import training_picture
from segmodel.training.settings import training_settings
from segmodel.training.shade import Shade
from segmodel.training.trainer import Progress, Trainer
from segmodel.training.weights import require_weightable

logger = logging.getLogger("segmodel")


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
    encoder: Path | None = None,
    random_encoder: Path | None = None,
) -> None:
    """Train a model and write ``weights.safetensors``, ``training.json`` and ``logs/``.

    An interrupted run, started again with the same arguments, resumes from the last checkpoint and ends with the same
    weights: those of the last iteration, without model selection.

    Args:
        model: the model's name in the configuration.
        data: training set, a CSV file with the columns image, label, origin.
        output: folder for the results.
        state: folder for checkpoints, emptied at the end.
        options: the values of ``models.<name>`` in the configuration.
        seed: of initial weights, sampling, augmentation and dropout.
        generator: name of the generator whose images the training set must contain.
        presentation: augmentation and sampling of the training set.
        encoder: the encoder weights that ``download-encoder`` wrote; default: the configuration's, downloaded now.
        random_encoder: those that ``draw-encoder`` wrote, in place of the configuration's.

    Raises:
        SystemExit: a file, the training set, an option or the checkpoint is invalid, or loss or weights are not
            finite.
    """
    work = partial(_train, model, data, output, state, options, seed, generator, presentation, encoder, random_encoder)
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
    encoder: Path | None,
    random_encoder: Path | None,
) -> None:
    accelerator, config = make_accelerator(options.precision, options.tf32), read_config(options.config)
    if random_encoder:
        encoder, config.encoder_weights = random_encoder, named_by_hash(random_encoder)
    geometry = Geometry(options.crop, options.source_size, options.cat_max_ratio, options.keep_ratio)
    stream = TrainingStream(data, geometry, seed, presentation)
    images = Counter(row["origin"] for row in stream.rows.load_data_list())
    if generator and not images[generator]:
        raise SystemExit(f"{data}: no images of generator {generator}; generate them, then run `build-training-set`")
    _require_labelled(stream, data)
    network = build_network(config, options, seed, encoder)
    if stream.is_weighted:
        require_weightable(network)
    shade = Shade(network, stream, presentation.shade, options, accelerator) if presentation.shade else None
    trainer = Trainer(network, build_optimiser(network, options), accelerator, seed, shade)
    if options.compile:
        trainer.compile()
    settings = {"seed": seed, **_decisive(options), **presentation.decisive(), "network": config.to_dict()}
    checkpoint = Checkpoint(state, identify_together(accelerator, settings, _files(stream, data)))
    progress = _resumed(trainer, checkpoint)
    progress.go_on_with(commit())
    log = None
    if accelerator.is_main_process:
        log = _open_log(output / "logs", model, progress.iteration, options, checkpoint.identity)
        _report_images(images, presentation.generated_share)
    _run(trainer, stream, progress, checkpoint, options, log)
    _require_seen(progress.seen, images, data)
    if accelerator.is_main_process:
        checkpoint.require_finite(trainer.state(), progress.iteration)
        record = _record(model, data, seed, options, images, progress)
        _write(trainer, output, {**record, "settings": training_settings(options, presentation, config)})
        checkpoint.clear()


def _run(
    trainer: Trainer,
    stream: TrainingStream,
    progress: Progress,
    checkpoint: Checkpoint,
    options: TrainOptions,
    log: TrainingLog | None,
) -> None:
    losses, origins = Losses(trainer.accelerator), []
    with Interruption() as interruption, closing(log) if log else nullcontext():
        for batch in _batches(stream, progress.iteration, options, trainer.accelerator):
            factor = learning_rate_factor(progress.iteration, options.warmup, options.iterations)
            loss = trainer.step(batch, progress.iteration, factor)
            progress.iteration += 1
            losses.add(progress.iteration, loss)
            origins += [sample.origin for sample in batch["data_samples"]]
            interrupted = interruption.requested(trainer.accelerator)
            saved = interrupted or progress.iteration % options.checkpoint_every == 0
            if saved or losses.due(progress.iteration) or progress.iteration == options.iterations:
                read = losses.read()
                checkpoint.require_finite_losses(read)
                progress.add([loss for _, loss in read], gather_object(origins))
                origins = []
                if log:
                    log.report(progress.iteration, [loss for _, loss in read], options.learning_rate * factor)
            if log:
                log.advance()
            if log and saved:
                checkpoint.save({"trainer": trainer.state(), "progress": progress.state()}, progress.iteration)
            if log and saved and not (interrupted or options.compile):  # a compiled network would be compiled again
                log.show(progress.iteration, training_picture(trainer.model, batch))
            if interrupted:
                raise interruption.end(progress.iteration)


def _batches(stream: TrainingStream, start: int, options: TrainOptions, accelerator: Accelerator) -> Iterator[dict]:
    size, processes = options.batch_size, accelerator.num_processes
    try:
        own = options.share(processes)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    positions = range(start * size + accelerator.process_index, options.iterations * size, processes)
    batches = [positions[first : first + own] for first in range(0, len(positions), own)]
    return loaded(stream, batches, options.workers, pseudo_collate)


def _files(stream: TrainingStream, data: Path) -> dict[str, Path]:
    """Return the training set, its images, labels and weights, keyed by path relative to the set."""
    parts = ("img_path", "seg_map_path", "weight_path")
    paths = [Path(row[part]) for row in stream.rows.load_data_list() for part in parts if row[part]]
    return {"training set": data, **{os.path.relpath(path, data.parent): path for path in paths}}


def _require_labelled(stream: TrainingStream, data: Path) -> None:
    """Stop if there is nothing to learn; usually reads one label map."""
    labels = (read_label(row["seg_map_path"]) for row in stream.rows.load_data_list())
    if not any((label != IGNORE).any() for label in labels):
        raise SystemExit(f"{data}: no pixel of its label maps has a class: nothing to learn; check the label ids")


def _open_log(folder: Path, name: str, start: int, options: TrainOptions, identity: Identity) -> TrainingLog:
    tracker = open_tracker(options.report_to, folder, name, digest(identity), start)
    return TrainingLog(folder, name, start, options.iterations, tracker)


def _report_images(images: Counter, share: float | None) -> None:
    source, total = images[SOURCE], images.total()
    shown = (total - source) / total if share is None else share
    logger.info("%d source and %d generated images, %.1f %% generated", source, total - source, 100 * shown)


def _resumed(trainer: Trainer, checkpoint: Checkpoint) -> Progress:
    state = checkpoint.load(trainer.accelerator.device)
    if state is None:
        return Progress()
    trainer.restore(state["trainer"])
    return Progress.restored(state["progress"])


def _decisive(options: TrainOptions) -> dict:
    """Return the options that results depend on; the network and the actual number of processes are added elsewhere."""
    return {key: value for key, value in options.decisive().items() if key not in ("config", "processes")}


def _require_seen(seen: Counter, images: Counter, data: Path) -> None:
    for origin in images:
        if not seen[origin]:
            kind = "source" if origin == SOURCE else "generated"
            raise SystemExit(f"{data}: no {kind} image ({origin}) was sampled in training; increase iterations")


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
        "commits": progress.commits,
    }


def _write(trainer: Trainer, output: Path, record: dict) -> None:
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in trainer.model.state_dict().items()}
    write_json(output / "training.json", record, indent=2)
    with whole_file(output / "weights.safetensors") as partial:
        partial.write_bytes(save(weights))
        remember(partial)
