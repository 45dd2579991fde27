import json
import math
import os

from configuration import prior_folder, trains_prior
from packages import absent_files, location, origins, packages


def options(*sections):
    """Return sections of the configuration, merged, as the JSON that a command's --options takes."""
    return json.dumps({key: value for section in sections for key, value in section.items()}, sort_keys=True)


def without(section, *keys):
    """Return a section without the keys that a command has no use for."""
    return {key: value for key, value in section.items() if key not in keys}


def argument(name, value):
    """Return ``--name value`` for an option that not every job has, or nothing."""
    return [f"--{name}", value] if value else []


def used_generators():
    """Return the generated sets that a training set asks for."""
    return sorted({training_set["generator"] for training_set in config["training_sets"].values()} - {None})


def prior_location():
    """Return the prior as a command takes it: a folder as seen from the working directory, or a hub id."""
    folder = None if trains_prior(config) else prior_folder(config, REPOSITORY)
    return os.path.relpath(folder) if folder else config["prior"]


def prior_files(wildcards):
    """Return the files of a local prior; a prior from the hub has none here."""
    if trains_prior(config):
        return "<benchmark>/prior"
    folder = prior_folder(config, REPOSITORY)
    return sorted(os.path.relpath(path) for path in folder.rglob("[!.]*") if path.is_file()) if folder else []


def package_origins(wildcards):
    """Return the local files behind a package; a dry run plans without those that someone has yet to fetch."""
    files = origins(config, wildcards.dataset, wildcards.package, REPOSITORY)
    absent = absent_files(config, wildcards.dataset, REPOSITORY) if missing else []
    return [file for file in files if file not in absent]


def package_files(wildcards):
    return expand("<benchmark>/packages/{dataset}/{package}", package=packages(config, wildcards.dataset), **wildcards)


def fetch_arguments(wildcards):
    """Return the command line that says where a package is and what its sums must be."""
    package = packages(config, wildcards.dataset)[wildcards.package]
    checksums = config["datasets"][wildcards.dataset]["checksums"]
    urls = {"url": package["url"], "checksums": checksums}
    arguments = {key: location(config, wildcards.dataset, url, REPOSITORY) for key, url in urls.items() if url}
    arguments.update({key: package[key] for key in ("md5", "sha256") if key in package})
    return [part for key, value in arguments.items() for part in (f"--{key}", value)]


def shard_count(generator):
    generator = config["generators"][generator]
    return math.ceil(generator["images"] / generator["images_per_shard"])


def shard_metadata(wildcards):
    shards = range(shard_count(wildcards.generator))
    return expand("<benchmark>/generated/{generator}/shards/{shard}/metadata.jsonl", shard=shards, **wildcards)


def generator_unet(wildcards):
    """Return U^S as an input where the generator does without the style swap."""
    swapped = config["generators"][wildcards.generator]["style_swap"]
    return {} if swapped else {"unet": "<benchmark>/models/unet_source"}


def generator_of(wildcards):
    """Return the name of the generated set that a training set adds, or None."""
    return config["training_sets"][wildcards.training_set]["generator"]


def generated_manifest(wildcards):
    """Return the manifest of the generated set that a training set adds as an input, where it adds one."""
    generator = generator_of(wildcards)
    return {"generated": f"<benchmark>/generated/{generator}/manifest.csv"} if generator else {}


def model_options(wildcards):
    model = config["models"][wildcards.model]
    return options(model, {"config": os.path.relpath(REPOSITORY / model["config"])})


def evaluation_record(wildcards):
    """Return what the tables say of an evaluation, as JSON."""
    names = {"benchmark": config["benchmark"], "generator": generator_of(wildcards), "seed": int(wildcards.seed)}
    return options(dict(wildcards.items()), names)
