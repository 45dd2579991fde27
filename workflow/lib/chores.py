"""Seconds of the jobs without networks: rendering, downloads, archives, tables and figures."""

from collections.abc import Callable

import costs
from costs import Cost, Rates
from disk import Disk

LIGHT, FIGURE = 2.0, 5.0
"""Seconds of a job that reads and writes tables, and of one that draws or resamples."""
SCENE, DRAWN = 0.035, 0.022
"""Seconds to render a scene into packages, and one of a generated set, on one core."""
DOWNLOAD, ARCHIVE = 2.0e7, 1.0e8
"""Bytes a second of a download (assumed), and of unpacking and hashing (assumed)."""
FIGURES = ("plot_gains", "plot_samples", "summarise_evaluations", "plot_ablations", "compare_ablations")
DOWNLOADED = ("fetch_package", "download_prior", "download_network", "download_encoder")
MEMORY = 0.3 * costs.GB


class Chores:
    """The costs of a configuration's jobs without a GPU."""

    def __init__(self, config: dict, disk: Disk) -> None:
        """Store the validated configuration and the sizes of the outputs."""
        self.disk = disk
        self.rules: dict[str, Callable[[dict[str, str]], float]] = {
            "render_packages": lambda names: SCENE * config["publishers"][names["dataset"]]["scenes"],
            "extract_packages": lambda names: disk.extracted(names["dataset"]) / ARCHIVE,
            "generate_light_shard": lambda names: DRAWN * config["generators"][names["generator"]]["images_per_shard"],
        }

    def cost(self, rule: str, wildcards: dict[str, str], rates: Rates) -> Cost:
        """Return the cost of a job."""
        if rule in ("import_network", "import_checkpoint"):
            return Cost(rates.start, costs.LIBRARIES + self.disk.bytes(rule, wildcards))
        seconds = FIGURE if rule in FIGURES else LIGHT
        if rule == "score_predictions":
            work = self.disk.workloads
            images, (pixels, _) = work.image_count(wildcards["target"]), work.pixels(wildcards["target"])
            seconds += 2 * images * pixels / 1e6 * rates.loading  # label maps and predictions
        if rule in DOWNLOADED:
            seconds += self.disk.bytes(rule, wildcards) / DOWNLOAD
        return Cost(seconds + (self.rules[rule](wildcards) if rule in self.rules else 0.0), MEMORY)
