"""Input and params functions of the rules that measure the quality of generated sets."""

from collections.abc import Iterable

from image_folders import set_folders
from options import Options, options
from selection import evaluation_protocol, measured_sets
from snakemake.io import expand
from snakemake.iocontainers import Wildcards


class Quality:
    """The functions of ``quality.smk``; the judge model may be None."""

    def __init__(self, config: dict) -> None:
        """Store the validated configuration."""
        self.config, self.judge = config, config["quality"]

    def weights(self) -> str | list:
        """Return the weights of the judge model."""
        if not self.judge:
            return []
        weights = "<benchmark>/segmentation/{model}/{training_set}/seed{seed}/weights.safetensors"
        return weights.format(**self.judge, seed=self.config["seeds"][0])

    def images(self, wildcards: Wildcards) -> list[str]:
        """Return the folders of a set's images and label maps."""
        if wildcards.origin == "generated":
            return set_folders(self.config, wildcards.set)
        return [f"<benchmark>/data/{wildcards.set}/{part}" for part in ("raw", "labels")]

    def model(self, wildcards: Wildcards) -> str:
        """Return the name of the judge model."""
        return self.judge["model"]

    def options(self, wildcards: Wildcards) -> Options:
        """Return the image and window sizes for a set, matching the judge model's training."""
        model = self.config["models"][self.judge["model"]]
        if wildcards.origin == "generated":
            size = model["crop"]
        elif wildcards.set == self.config["source"]:
            size = model["source_size"]
        else:
            size = evaluation_protocol(self.config, self.judge["model"], wildcards.set)["size"]
        return options({"crop": model["crop"], "size": size})

    def generated(self, training_sets: Iterable[str]) -> list[str]:
        """Return the measurements of the generated sets in some training sets."""
        generators = measured_sets(self.config, training_sets)
        return expand("<benchmark>/quality/generated/{generator}.npz", generator=generators)
