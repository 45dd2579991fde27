"""What the rules that measure the quality of generated sets read and pass on, by their wildcards."""

from collections.abc import Iterable

from options import Options, options
from selection import evaluation_protocol, measured_sets
from snakemake.io import expand
from snakemake.iocontainers import Wildcards


class Quality:
    """The input and params functions of ``quality.smk``; the judge model may be None."""

    def __init__(self, config: dict) -> None:
        """Take the checked configuration."""
        self.config, self.judge = config, config["quality"]

    def weights(self) -> str | list:
        """Return the weights of the judge model."""
        if not self.judge:
            return []
        weights = "<benchmark>/segmentation/{model}/{training_set}/seed{seed}/weights.safetensors"
        return weights.format(**self.judge, seed=self.config["seeds"][0])

    def images(self, wildcards: Wildcards) -> str | list:
        """Return the images of a data set; those of a generated set lie beside its manifest."""
        return f"<benchmark>/data/{wildcards.set}/raw" if wildcards.origin == "data" else []

    def model(self, wildcards: Wildcards) -> str:
        """Return the name of the judge model."""
        return self.judge["model"]

    def options(self, wildcards: Wildcards) -> Options:
        """Return how the images of a set are brought to the size that the judge model was trained on."""
        model = self.config["models"][self.judge["model"]]
        if wildcards.origin == "generated":
            size = model["crop"]
        elif wildcards.set == self.config["source"]:
            size = model["source_size"]
        else:
            size = evaluation_protocol(self.config, self.judge["model"], wildcards.set)["size"]
        return options({"crop": model["crop"], "size": size})

    def generated(self, training_sets: Iterable[str]) -> list[str]:
        """Return the measurements of the generated sets that some training sets use."""
        generators = measured_sets(self.config, training_sets)
        return expand("<benchmark>/quality/generated/{generator}.npz", generator=generators)
