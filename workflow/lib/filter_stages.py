"""DVC stages of filtered generated sets: what a judge model says of images, and what a filter leaves of a set."""

from filters import filters, shards_of
from packages import imported
from sections import FilterOptions


class FilterStages:
    """Part of `stages.Pipeline`."""

    def _add_filter(self, name: str) -> list[str]:
        """Add the stages of a training set's filter, if it has one; return its outputs."""
        if not (own := filters(self.config).get(name)):
            return []
        generator, folder = self.config["training_sets"][name]["generator"], f"{self.results}/filtered/{name}"
        judged = self._add_judge(own, generator) if own.is_judged else []
        deps = [*self._generated(generator), *judged]
        params = [*self._entries("training_sets", name), "seed"]
        self._add("filter", f"filter-{name}", [f"{folder}/manifest.csv"], params, deps, [folder])
        return [folder]

    def _add_judge(self, own: FilterOptions, generator: str) -> list[str]:
        """Add the training of a filter's judge, and what it says of a generated set and the source; return outputs."""
        model, name, seed = own.judge.model, own.judge.training_set, self.config["seeds"][0]
        self._add_training(model, name, seed)
        trained, folder = self._outs(f"train-{model}-{name}-{seed}"), f"{self.results}/judged/{model}/{name}"
        params, stage = self._decisive("models", model), f"judge-{model}-{name}"
        shards = range(shards_of(self.config, generator))
        files = [f"{folder}/{generator}/{shard}/statistics.npz" for shard in shards]
        deps = [*trained, *self._generated(generator)]
        self._add("judge", f"{stage}-{generator}", files, params, deps, [f"{folder}/{generator}"])
        if not own.needs_source:
            return [f"{folder}/{generator}"]
        deps = [*trained, *self._outs(f"training_set-{name}"), *self._source]
        self._add("judge_source", f"{stage}-source", [f"{folder}/source.npz"], params, deps)
        return [f"{folder}/{generator}", f"{folder}/source.npz"]

    def _generated(self, generator: str) -> list[str]:
        """Return a generated set: its manifest, and the images and label maps that it names."""
        images = self._data(generator) if generator in imported(self.config, "generators") else []
        return [*self._outs(f"generate-{generator}"), *images]
