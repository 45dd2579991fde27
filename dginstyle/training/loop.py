"""The training loop that U^S and the ControlNet share."""

import json
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any, Protocol

import torch
from diffusers import ModelMixin
from diffusers.optimization import get_scheduler
from diffusers.training_utils import EMAModel
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from dginstyle.checkpoint import Checkpoint
from dginstyle.diffusion.loading import DTYPES, memory_layout, require_supported
from dginstyle.files import refuse_overwriting
from dginstyle.identity import digest
from dginstyle.training.accelerator import Losses, identify_together, make_accelerator
from dginstyle.training.interruption import Interruption
from dginstyle.training.latent_cache import joined
from dginstyle.training.loading import loaded
from dginstyle.training.log import TrainingLog, open_tracker
from dginstyle.training.options import TrainingOptions, ValidationOptions
from dginstyle.training.run import Run, summed, trained
from dginstyle.training.validation import Painter, picture
from dginstyle.training.weights import finish_kept, kept_folder, require_kept, save_weights


class Task(Protocol):
    """What differs between trainings.

    Attributes:
        name: name in the logs.
        prior: diffusers folder or hub id of U^P.
        network: the network to train.
        samples: infinite, deterministic stream of samples by position.
    """

    name: str
    prior: str
    network: ModelMixin
    samples: Dataset

    def loss(self, network: ModelMixin, batch: dict[str, Any]) -> Tensor:
        """Return the loss of a batch; ``network`` is wrapped by the accelerator."""

    def trains(self, parameter: str) -> bool:
        """Return whether a parameter of the network, given by name, is trained or frozen."""

    def to(self, device: torch.device, layout: torch.memory_format) -> None:
        """Move the frozen networks to a device, with a memory layout."""

    def compile(self) -> None:
        """Compile the networks in place."""

    def counts(self, batch: dict[str, Any]) -> Tensor:
        """Return pixels by trainId (19,) int64 of a batch; empty if the task does not count them."""

    def shown(self) -> Dataset:
        """Return the samples of validation images: those of the training, with their images."""

    def painter(self, network: ModelMixin, options: ValidationOptions) -> Painter:
        """Load U^P once and return a function that draws validation images of U^P and U^S from the same noise."""


def start(task: Task, options: TrainingOptions) -> Run:
    """Move a task's networks to their device and create the optimiser.

    Raises:
        SystemExit: the machine does not support a precision, or the processes cannot share a step's images evenly.
    """
    accelerator = make_accelerator(options.precision, options.tf32)
    try:
        accelerator.gradient_accumulation_steps = options.share(accelerator.num_processes)[1]
    except ValueError as error:
        raise SystemExit(str(error)) from None
    require_supported(options.autoencoder_precision, accelerator.device)
    layout = memory_layout(DTYPES[options.precision], accelerator.device)
    task.to(accelerator.device, layout)
    task.network.to(memory_format=layout).train()
    for name, parameter in task.network.named_parameters():
        parameter.requires_grad_(task.trains(name))
    if options.gradient_checkpointing:
        task.network.enable_gradient_checkpointing()
    rates = {"lr": options.learning_rate, "weight_decay": options.weight_decay}
    optimiser = torch.optim.AdamW(trained(task.network), **rates, fused=True)
    name = {"constant": "constant_with_warmup"}.get(options.schedule, options.schedule)
    schedule = get_scheduler(name, optimiser, num_warmup_steps=options.warmup, num_training_steps=options.steps)
    network, optimiser = accelerator.prepare(task.network, optimiser)
    if options.compile:
        task.compile()
    unseen = torch.zeros(0, dtype=torch.int64, device=accelerator.device)
    average = None if options.ema_decay is None else EMAModel(trained(task.network), decay=options.ema_decay)
    return Run(accelerator, network, optimiser, schedule, 0, Losses(accelerator), unseen, unseen, average)


def batches(task: Task, options: TrainingOptions, run: Run) -> Iterator[dict[str, Any]]:
    """Return an iterator over this process's batches from the run's step to the last, the same wherever it resumed."""
    accelerator = run.accelerator
    size, accumulation = options.share(accelerator.num_processes)
    numbers = range(run.step * accumulation, options.steps * accumulation)
    firsts = [(number * accelerator.num_processes + accelerator.process_index) * size for number in numbers]
    positions = [range(first, first + size) for first in firsts]
    return loaded(task.samples, positions, options.workers, joined)


def optimise(
    task: Task, options: TrainingOptions, run: Run, stream: Iterator[dict[str, Any]]
) -> tuple[Tensor, Tensor | None]:
    """Take one optimiser step without waiting for the GPU.

    Returns:
        The mean loss of this process and the gradient norm (None without clipping), on the device.
    """
    losses, norm = [], None
    for _ in range(run.accelerator.gradient_accumulation_steps):
        batch = next(stream)
        with run.accelerator.accumulate(run.network):
            loss = task.loss(run.network, batch)
            run.accelerator.backward(loss)
            if options.gradient_clip and run.accelerator.sync_gradients:
                norm = run.accelerator.clip_grad_norm_(run.network.parameters(), options.gradient_clip)
            run.optimiser.step()
            run.optimiser.zero_grad()
        losses.append(loss.detach())
        run.uncounted = summed(run.uncounted, task.counts(batch))
    run.schedule.step()
    if run.average:
        run.average.step(trained(run.network))
    run.step += 1
    return torch.stack(losses).mean(), norm


def resume(run: Run, checkpoint: Checkpoint) -> None:
    """Resume from the saved state if there is one, and release it before the training continues."""
    if run.average and checkpoint.exists():
        run.average.shadow_params = []  # room for the saved ones
    if state := checkpoint.load(run.accelerator.device):
        run.restore(state)


def train(task: Task, options: TrainingOptions, run: Run, checkpoint: Checkpoint) -> None:
    """Train from the run's current step to the last one, whose state is saved too.

    Raises:
        SystemExit: a loss or a state to save is not finite, or SIGTERM came; then the state is saved.
    """
    main, stream, kept = run.accelerator.is_main_process, batches(task, options, run), options.kept_steps()
    logging = closing(open_log(task, options, run, checkpoint)) if main else nullcontext()
    with Interruption() as interruption, logging as log:
        while run.step < options.steps:
            rate = run.optimiser.param_groups[0]["lr"]
            loss, norm = optimise(task, options, run, stream)
            run.losses.add(run.step, loss)
            interrupted = interruption.requested(run.accelerator)
            saved = interrupted or run.step % options.checkpoint_every == 0 or run.step == options.steps
            if saved or run.step in kept or run.losses.due(run.step):
                losses = run.collect()
                checkpoint.require_finite_losses(losses)
                if log:
                    log.report(run.step, [loss for _, loss in losses], rate, norm)
            if log:
                log.advance()
            if main and run.step in kept:
                checkpoint.require_finite(run.state(), run.step)
                save(run, kept_folder(checkpoint.folder, run.step))
            if main and saved:
                checkpoint.save(run.state(), run.step)
            if interrupted:
                raise interruption.end(run.step)
            if log and options.validation and options.validation.due(run.step, options.steps):
                log.show(run.step, validation_picture(task, options.validation, run))


def open_log(task: Task, options: TrainingOptions, run: Run, checkpoint: Checkpoint) -> TrainingLog:
    """Open the log of a run, next to its saved state."""
    folder = checkpoint.folder / "logs"
    tracker = open_tracker(options.report_to, folder, task.name, digest(checkpoint.identity), run.step)
    return TrainingLog(folder, task.name, run.step, options.steps, tracker)


def validation_picture(task: Task, options: ValidationOptions, run: Run) -> Image.Image:
    """Return the validation picture of a run with its current weights."""
    with run.evaluated() as network:
        return picture(task.painter(network, options), task.shown(), options)


def save(run: Run, folder: Path) -> None:
    """Write a run's weights, or their average."""
    with run.evaluated() as network:
        save_weights(network, run.class_pixels, folder)


def train_to_folder(
    task: Task,
    options: TrainingOptions,
    output: Path,
    state: Path,
    settings: dict[str, Any],
    files: dict[str, str | Path],
) -> None:
    """Train, write the weights' folder and kept checkpoints atomically, and delete the state.

    Args:
        task: what to train.
        options: training options.
        output: diffusers folder of the weights, with ``class_pixels.json`` if the task counts classes; the checkpoints
            that the options keep are such folders too, ``<output>_steps/<step>``.
        state: folder of the resumable state and the logs.
        settings: further values that the result depends on.
        files: files that the result depends on, by role.

    Raises:
        SystemExit: ``output`` contains other files, ``state`` belongs to another run or cannot be read, or loss or
            weights are not finite.
    """
    refuse_overwriting(output, "config.json")
    settings = {"task": task.name, **settings, **options.decisive()}
    run = start(task, options)
    checkpoint = Checkpoint(state, identify_together(run.accelerator, settings, files))
    resume(run, checkpoint)
    if run.accelerator.is_main_process:
        require_kept(options, state, run.step)
    train(task, options, run, checkpoint)
    run.accelerator.wait_for_everyone()
    if not run.accelerator.is_main_process:
        return
    save(run, output)
    finish_kept(options, state, output)
    checkpoint.clear()
    print(json.dumps({"trained": task.name, "steps": run.step, "weights": str(output)}))
