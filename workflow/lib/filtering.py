"""Input and params functions of the rules that filter generated sets."""

import json

from filters import filters, shards_of
from image_folders import filtered_folders, set_folders
from options import Options, argument, chosen, options
from sections import FilterOptions
from snakemake.iocontainers import Wildcards


class Filtering:
    """The functions of ``filter.smk``."""

    def __init__(self, config: dict) -> None:
        """Store the validated configuration."""
        self.config = config

    def filtered_sets(self) -> str:
        """Return a regular expression for the training sets with a filter."""
        return "|".join(filters(self.config)) or "-"  # matches no training set

    def judge_weights(self, wildcards: Wildcards) -> str:
        """Return the weights of a judge model."""
        seed = self.config["seeds"][0]
        return f"<benchmark>/segmentation/{{model}}/{{training_set}}/seed{seed}/weights.safetensors"

    def generated_options(self, wildcards: Wildcards) -> Options:
        """Return the size at which a judge model reads generated images: that of its training."""
        crop = self.config["models"][wildcards.model]["crop"]
        return options({"size": crop, "crop": crop})

    def source_options(self, wildcards: Wildcards) -> Options:
        """Return the size at which a judge model reads source images: that of its training."""
        model = self.config["models"][wildcards.model]
        return options({"size": model["source_size"], "crop": model["crop"], **chosen(model, "keep_ratio")})

    def generated_images(self, wildcards: Wildcards) -> list[str]:
        """Return the folders of a generated set's images and label maps."""
        return set_folders(self.config, wildcards.generator)

    def filtered_images(self, wildcards: Wildcards) -> list[str]:
        """Return the same of the generated set that a filter reads."""
        return set_folders(self.config, self._generator(wildcards))

    def shard_count(self, wildcards: Wildcards) -> int:
        """Return the number of shards of a generated set."""
        return shards_of(self.config, wildcards.generator)

    def filter(self, wildcards: Wildcards) -> FilterOptions:
        """Return the filter of a training set."""
        return filters(self.config)[wildcards.training_set]

    def filter_options(self, wildcards: Wildcards) -> Options:
        """Return a filter as a command's options."""
        return options(self.config["training_sets"][wildcards.training_set]["filter"])

    def generated_manifest(self, wildcards: Wildcards) -> str:
        """Return the manifest of the generated set that a filter reads."""
        return f"<benchmark>/generated/{self._generator(wildcards)}/manifest.csv"

    def filter_inputs(self, wildcards: Wildcards) -> dict[str, str | list[str]]:
        """Return what a shard's filter reads of the judge."""
        own = self.filter(wildcards)
        maps = f"{self._judged(wildcards)}/{{shard}}/maps" if own.needs_maps else None
        means = self.mean_inputs(wildcards) if own.has("max_loss") else {}
        return {**({"maps": maps} if maps else {}), **means}

    def gather_inputs(self, wildcards: Wildcards) -> dict[str, str | list[str]]:
        """Return what the choice of a filtered set's images reads of the judge."""
        own = self.filter(wildcards)
        if not (own.has("keep_images") or own.has("resample")):
            return {}
        return {**self.mean_inputs(wildcards), "statistics": self._statistics(wildcards)}

    def mean_inputs(self, wildcards: Wildcards) -> dict[str, str | list[str]]:
        """Return the statistics behind the mean losses of the classes."""
        own = self.filter(wildcards)
        if own.needs_source:
            judge = own.judge
            return {"source": f"<benchmark>/judged/{judge.model}/{judge.training_set}/source.npz"}
        return {"statistics": self._statistics(wildcards)}

    def arguments(self, wildcards: Wildcards, input: dict) -> list[str]:
        """Return the arguments with the files of `filter_inputs` or `gather_inputs`."""
        named = {name: input.get(name) for name in ("maps", "source", "statistics")}
        if statistics := named["statistics"]:
            named["statistics"] = json.dumps([statistics] if isinstance(statistics, str) else [*statistics])
        return [part for name, value in named.items() for part in argument(name, value)]

    def filtered_shard_count(self, wildcards: Wildcards) -> int:
        """Return the number of shards of a filtered set."""
        return shards_of(self.config, self._generator(wildcards))

    def filtered_shards(self, wildcards: Wildcards) -> list[str]:
        """Return the folders of a filtered set's shards."""
        return filtered_folders(self.config, wildcards.training_set)

    def shard_lists(self, wildcards: Wildcards, input: dict) -> str:
        """Return the lists of a filtered set's shards, as JSON."""
        return json.dumps([f"{folder}/list.csv" for folder in input.shards])

    def _generator(self, wildcards: Wildcards) -> str:
        return self.config["training_sets"][wildcards.training_set]["generator"]

    def _judged(self, wildcards: Wildcards) -> str:
        judge = self.filter(wildcards).judge
        return f"<benchmark>/judged/{judge.model}/{judge.training_set}/{self._generator(wildcards)}"

    def _statistics(self, wildcards: Wildcards) -> list[str]:
        shards = range(self.filtered_shard_count(wildcards))
        return [f"{self._judged(wildcards)}/{shard}/statistics.npz" for shard in shards]
