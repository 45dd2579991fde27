"""Folders of the images and label maps behind a table, as inputs of the rules that read them.

A table lists files. Snakemake takes a small file as unchanged if its content is, so a table written again for other
images of the same names makes nothing stale; folders count by their time.
"""

from filters import filters, shards_of
from packages import imported

SOURCE = ["<source>/raw", "<source>/labels"]


def set_folders(config: dict, generator: str) -> list[str]:
    """Return the folders of a generated set's images and label maps."""
    if generator in imported(config, "generators"):
        return [f"<benchmark>/data/{generator}/{part}" for part in ("raw", "labels")]
    shards = [f"<benchmark>/generated/{generator}/shards/{shard}" for shard in range(shards_of(config, generator))]
    return [f"{shard}/{part}" for shard in shards for part in ("images", "labels")]


def filtered_folders(config: dict, training_set: str) -> list[str]:
    """Return the folders of what a training set's filter writes, a shard each."""
    shards = range(shards_of(config, config["training_sets"][training_set]["generator"]))
    return [f"<benchmark>/filtered/{training_set}/shards/{shard}" for shard in shards]


def training_folders(config: dict, training_set: str) -> list[str]:
    """Return the folders of a training set's images, label maps and weights."""
    entry = config["training_sets"][training_set]
    generated = set_folders(config, entry["generator"]) if entry["generator"] else []
    if training_set in filters(config):
        generated += filtered_folders(config, training_set)
    return [*(SOURCE if entry["source"] else []), *generated]
