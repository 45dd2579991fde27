"""Bytes that each job leaves on disk, and those of the states of trainings while they run."""

import math
import re
from collections.abc import Callable
from pathlib import Path

import networks
from filters import filters
from packages import fetched, is_rendered, location, owners, packages
from workloads import STREET, Workloads

REPOSITORY = Path(__file__).parents[2]
IMAGE, LABEL = 2.1, 0.1
"""Bytes of a pixel of an image and of a label map, as PNG."""
MAPS = 5.0
"""Bytes of a pixel of a judge model's maps, compressed."""
SIZES = {
    r"\d\d_images\.zip": 5.6e9,
    r"\d\d_labels\.zip": 7e7,
    r"leftImg8bit_trainvaltest\.zip": 11e9,
    r"gtFine_trainvaltest\.zip": 2.41e8,
    r"bdd100k_images_10k\.zip": 1.1e9,
    r"bdd100k_sem_seg_labels_trainval\.zip": 4.19e8,
    r"mapillary-vistas-dataset_public_v1\.2\.zip": 25e9,
}
"""Sizes of packages as their publishers state them, by file name."""
WEIGHT, STATE, AVERAGED = 4, 12, 16
"""Bytes of a parameter: in weights, in the state of its training, and in one with a moving average."""
KEPT_STATES = 2
"""A training keeps its last two states."""
SMALL = 2e5
"""Bytes of a table, a figure, a list or an evaluation without its images."""
CONFUSION = 300.0
"""Bytes of an image in an evaluation."""


class Disk:
    """The bytes of a configuration's jobs."""

    def __init__(self, config: dict, repository: Path = REPOSITORY) -> None:
        """Store the validated configuration and the folder that its paths are relative to."""
        self.config, self.repository, self.workloads = config, repository, Workloads(config)
        self.rules: dict[str, Callable[[dict[str, str]], float]] = {
            "render_packages": lambda names: self.rendered(names["dataset"]),
            "fetch_package": lambda names: self.download(names["dataset"], names["package"]),
            "extract_packages": lambda names: self.extracted(names["dataset"]),
            "convert_labels": lambda names: LABEL * self._pixels(names["dataset"]),
            "download_prior": lambda names: self.prior_weights(),
            "download_encoder": lambda names: WEIGHT * self._model(names["model"])["parameters"],
            "download_network": lambda names: self.network_weights(names["network"]),
            "import_network": lambda names: self.network_weights(names["network"]),
            "train_prior": lambda names: self.prior_weights(),
            "train_dreambooth": lambda names: self.network_weights("unet_source"),
            "train_controlnet": lambda names: self.controlnets(),
            "generate_shard": self.shard,
            "generate_light_shard": self.shard,
            "train_segmentation": lambda names: WEIGHT * self._model(names["model"])["parameters"],
            "import_checkpoint": lambda names: WEIGHT * self._model(names["model"])["parameters"],
            "judge_shard": self.judged,
            "filter_shard": self.filtered,
            "evaluate_target": lambda names: CONFUSION * self.workloads.image_count(names["target"]),
            "score_predictions": lambda names: CONFUSION * self.workloads.image_count(names["target"]),
        }

    def bytes(self, rule: str, wildcards: dict[str, str]) -> float:
        """Return the bytes of a job's outputs."""
        return self.rules[rule](wildcards) if rule in self.rules else SMALL

    def state_bytes(self, rule: str, wildcards: dict[str, str]) -> float:
        """Return the bytes of a training's states while it runs, with the copies of its samples."""
        counts, config = networks.prior(self.workloads.prior), self.config
        if rule == "train_segmentation":
            counts = self._model(wildcards["model"])
            return KEPT_STATES * STATE * (counts["parameters"] - counts.get("frozen", 0))
        if rule == "train_prior":
            return STREET * config["prior_training"]["streets"]
        if rule not in ("train_dreambooth", "train_controlnet"):
            return 0.0
        network, section = {"train_dreambooth": ("unet", "dreambooth"), "train_controlnet": ("controlnet",) * 2}[rule]
        options = config[section]
        each = AVERAGED if options.get("ema_decay") else STATE
        decoded = 4 * self._pixels(config["source"]) if options.get("decoded_source") else 0
        return KEPT_STATES * each * counts[network]["parameters"] + decoded + self.cached_latents(options)

    def cached_latents(self, options: dict) -> float:
        """Return the bytes of the latents of cached crops, those that the steps draw at most."""
        if not (crops := options.get("cached_crops")):
            return 0.0
        drawn = options["steps"] * options["batch_size"] * options.get("accumulation", 1)
        classes_of_map = 8  # in GTA
        kept = min(drawn, crops * classes_of_map * self.workloads.image_count(self.config["source"]))
        factor = networks.prior(self.workloads.prior)["factor"]
        return kept * 2 * 4 * 4 * math.prod(options["crop"]) / factor**2  # mean and deviation, 4 channels, float32

    def rendered(self, publisher: str) -> float:
        """Return the bytes of the packages that the mini world's publisher writes."""
        return (IMAGE + LABEL) * self.workloads.pixels(publisher)[0] * self.config["publishers"][publisher]["scenes"]

    def package(self, dataset: str, name: str) -> float:
        """Return the size of a package: of the file if it is here, as published, or estimated from the images."""
        url = packages(self.config, dataset)[name]["url"]
        for path in (fetched(self.config, dataset, name), location(self.config, dataset, url, self.repository)):
            if Path(path).is_file():
                return Path(path).stat().st_size
        published = [size for pattern, size in SIZES.items() if re.fullmatch(pattern, name)]
        if published:
            return published[0]
        if "checkpoints" in owners(self.config)[dataset]:
            return WEIGHT * self._model(dataset)["parameters"]
        return (IMAGE + LABEL) * self._pixels(dataset) / len(packages(self.config, dataset))

    def download(self, dataset: str, name: str) -> float:
        """Return the bytes that a package takes here: none if it is linked to a local file."""
        url = packages(self.config, dataset)[name]["url"]
        if (
            is_rendered(self.config, dataset, url)
            or Path(location(self.config, dataset, url, self.repository)).exists()
        ):
            return 0.0
        return self.package(dataset, name)

    def extracted(self, dataset: str) -> float:
        """Return the bytes of a set's unpacked images and labels, which compress no further."""
        if dataset in self.config["publishers"]:
            return self.rendered(dataset)
        return sum(self.package(dataset, name) for name in packages(self.config, dataset))

    def prior_weights(self) -> float:
        """Return the bytes of the prior's weights."""
        counts = networks.prior(self.workloads.prior)
        return WEIGHT * sum(counts[name]["parameters"] for name in ("unet", "encoder", "text_encoder"))

    def network_weights(self, network: str) -> float:
        """Return the bytes of U^S's or a ControlNet's weights."""
        name = "unet" if network == "unet_source" else "controlnet"
        return WEIGHT * networks.prior(self.workloads.prior)[name]["parameters"]

    def controlnets(self) -> float:
        """Return the bytes of the ControlNet's weights, the last and the kept ones."""
        return self.network_weights("controlnet") * (1 + self.config["controlnet"].get("keep_checkpoints", 0))

    def shard(self, wildcards: dict[str, str]) -> float:
        """Return the bytes of a shard's images and label maps."""
        options = self.config["generators"][wildcards["generator"]]
        enlarged = ((options.get("second_pass") or {}).get("scale") or 1) ** 2
        return options["images_per_shard"] * math.prod(options["crop"]) * enlarged * (IMAGE + LABEL)

    def judged(self, wildcards: dict[str, str]) -> float:
        """Return the bytes of a judge model's maps of a shard."""
        work = self.workloads.judged_shard(wildcards)
        return MAPS * work.images * math.prod(self.config["models"][wildcards["model"]]["crop"])

    def filtered(self, wildcards: dict[str, str]) -> float:
        """Return the bytes of the label maps and weights that a filter writes for a shard."""
        training_set = wildcards["training_set"]
        filter_, generator = filters(self.config)[training_set], self.config["training_sets"][training_set]["generator"]
        files = filter_.changes_labels + filter_.has("boundaries")
        pixels = self.workloads.shard_images(generator) * self.workloads.generated_pixels(generator)
        return files * LABEL * pixels

    def _pixels(self, dataset: str) -> float:
        return self.workloads.image_count(dataset) * self.workloads.pixels(dataset)[0]

    def _model(self, name: str) -> dict:
        return networks.model(self.config["models"][name]["config"])
