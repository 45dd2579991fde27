"""What the jobs of a plan need, each and together."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import costs
from costs import Cost
from dag import UNLIMITED, Job, closure
from disk import Disk
from rates import Machine
from schedule import Task, finishing_times
from selection import table_sets, trainings
from workloads import Workloads

DOWNLOADS = 2
"""Downloads at a time, as the workflow limits them."""
LIGHT, FIGURE = 2.0, 5.0
"""Seconds of a job that reads and writes tables, and of one that draws or resamples."""
SCENE, DRAWN = 0.035, 0.022
"""Seconds to render a scene into packages, and one of a generated set, on one core."""
FILTERED = 0.2
"""Seconds to filter a million pixels of a label map on one core (assumed)."""
DOWNLOAD, ARCHIVE = 2.0e7, 1.0e8
"""Bytes a second of a download (assumed), and of unpacking and hashing (assumed)."""
FIGURES = (
    *("summarise_evaluations", "compare_classes", "compare_conditions", "compare_ablations"),
    *("rank_methods", "rank_ablations"),
    *("draw_figures", "draw_ablations", "plot_samples", "show_predictions", "render_report"),
)
DOWNLOADED = ("fetch_package", "download_prior", "download_network", "download_encoder")


@dataclass(frozen=True)
class Item:
    """A job and what it needs.

    Attributes:
        job: the job.
        cost: time and memory.
        disk: bytes of its outputs.
        state: bytes of its state while it runs.
        cores: that it takes of the machine's.
    """

    job: Job
    cost: Cost
    disk: float
    state: float
    cores: int

    @property
    def left(self) -> float:
        """Seconds that it will still take."""
        return self.cost.seconds * (1 - self.job.started)

    @property
    def compute(self) -> float:
        """Seconds of GPUs that the whole job takes; without GPU, of cores."""
        return self.cost.seconds * (self.cost.gpus or self.cores)

    @property
    def compute_left(self) -> float:
        """Seconds of GPUs, or of cores, that the job will still take."""
        return self.left * (self.cost.gpus or self.cores)


@dataclass(frozen=True)
class Row:
    """A row of the summary, with all its seeds.

    Attributes:
        model: name of the model.
        training_set: name of its training set.
        own: seconds of GPUs, or of cores on a CPU, of its trainings and evaluations.
        shared: the same of what other rows need too: the generator, its images, the data.
        left: the same of both that will still be needed.
    """

    model: str
    training_set: str
    own: float
    shared: float
    left: float


class Forecast:
    """The jobs of a configuration on a machine."""

    def __init__(self, config: dict, jobs: Sequence[Job], machine: Machine, cores: int = UNLIMITED) -> None:
        """Compute what each job needs.

        Args:
            config: the validated configuration.
            jobs: its jobs.
            machine: where they run.
            cores: of the machine; a job that states more threads takes all of them.
        """
        self.config, self.jobs, self.machine, self.cores = config, jobs, machine, cores
        self.workloads, self.disk = Workloads(config), Disk(config)
        self.items = [self._item(job) for job in jobs]

    def _item(self, job: Job) -> Item:
        cost = self.cost(job)
        disk, state = self.disk.bytes(job.rule, job.wildcards), self.disk.state_bytes(job.rule, job.wildcards)
        return Item(job, cost, disk, state, min(job.threads, self.cores))

    def cost(self, job: Job) -> Cost:
        """Return the cost of a job."""
        rule, names, rates = job.rule, job.wildcards, self.machine.rates
        if rule in self.workloads.rules or rule in ("convert_labels", "train_prior"):
            return self.workloads.cost(rule, names, rates, self.machine.on_gpu)
        if rule in ("import_network", "import_checkpoint"):
            return Cost(rates.start, costs.LIBRARIES + self.disk.bytes(rule, names))
        return Cost((FIGURE if rule in FIGURES else LIGHT) + self._reading_and_writing(rule, names), 0.3 * costs.GB)

    def _reading_and_writing(self, rule: str, names: dict[str, str]) -> float:
        """Return the seconds that a job without networks takes for what it downloads, unpacks, renders or reads."""
        if rule in DOWNLOADED:
            return self.disk.bytes(rule, names) / DOWNLOAD
        if rule == "extract_packages":
            return self.disk.bytes(rule, names) / ARCHIVE
        if rule == "render_packages":
            return SCENE * self.config["publishers"][names["dataset"]]["scenes"]
        if rule == "generate_light_shard":
            return DRAWN * self.config["generators"][names["generator"]]["images_per_shard"]
        if rule == "filter_shard":
            generator = self.config["training_sets"][names["training_set"]]["generator"]
            pixels = self.workloads.shard_images(generator) * self.workloads.generated_pixels(generator)
            return FILTERED * pixels / 1e6
        if rule == "score_predictions":
            pixels = self.workloads.image_count(names["target"]) * self.workloads.pixels(names["target"])[0]
            return 2 * pixels / 1e6 * self.machine.rates.loading  # label maps and predictions
        return 0.0

    def wall(self, cores: int, gpus: int, memory: float | None = None) -> float:
        """Return the seconds until all jobs are done, on cores, GPUs and bytes of memory that they share."""
        limits = {"cores": cores, "gpus": gpus, "downloads": DOWNLOADS}
        limits |= {} if memory is None else {"memory": memory}
        return max(finishing_times([self._task(item) for item in self.items], limits), default=0.0)

    def _task(self, item: Item) -> Task:
        if item.job.done:
            return Task(0.0, item.job.after)
        needs = {"cores": item.cores, "gpus": item.cost.gpus, "memory": item.cost.host}
        return Task(item.left, item.job.after, needs | {"downloads": float(item.job.downloads)}, item.job.priority)

    def disk_left(self, at_once: int) -> float:
        """Return the bytes that the remaining jobs write, with the states of the largest trainings that run at once."""
        waiting = [item for item in self.items if not item.job.done]
        states = heapq.nlargest(at_once, (item.state for item in waiting))
        return sum(item.disk for item in waiting) + sum(states)

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of the summary; others of the same configuration are in no table."""
        pairs = dict.fromkeys((model, name) for model, name, _ in trainings(self.config, self._sets()))
        return [row for model, name in pairs if (row := self._row(model, name))]

    def _sets(self) -> list[str]:
        planned = {job.wildcards.get("training_set") for job in self.jobs if job.rule == "evaluate_target"}
        return [*table_sets(self.config), *(name for name in self.config["ablations"] if name in planned)]

    def _row(self, model: str, training_set: str) -> Row | None:
        names = {"model": model, "training_set": training_set}
        roots = [job for job in self.jobs if job.rule == "evaluate_target" and names.items() <= job.wildcards.items()]
        needed = [self.items[number] for number in closure(self.jobs, roots)]
        if not needed:
            return None
        if self.machine.on_gpu:
            needed = [item for item in needed if item.cost.gpus]
        own = sum(item.compute for item in needed if names.items() <= item.job.wildcards.items())
        whole, left = sum(item.compute for item in needed), sum(item.compute_left for item in needed)
        return Row(model, training_set, own, whole - own, left)
