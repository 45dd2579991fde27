import json
import math
import os

from configuration import prior_folder, trains_prior
from options import load_kind
from packages import absent_files, is_folder, is_remote, is_rendered, location, origins, packages


def options(*sections):
    """Return sections of the configuration, merged, as the JSON that a command's --options takes."""
    return json.dumps({key: value for section in sections for key, value in section.items()}, sort_keys=True)


def without(section, *keys):
    """Return a section without the keys that a command has no use for."""
    return {key: value for key, value in section.items() if key not in keys}


def argument(name, value):
    """Return ``--name value`` for an option that not every job has, or nothing."""
    return [f"--{name}", value] if value else []


def table_sets():
    """Return the training sets of dg_miou.csv."""
    return [name for name in config["training_sets"] if name not in config["ablations"]]


def used_generators(training_sets):
    """Return the generated sets that some training sets ask for."""
    return sorted({config["training_sets"][name]["generator"] for name in training_sets} - {None})


def measured_sets(training_sets):
    """Return the generated sets whose quality is measured beside these training sets, and that of the judge model's own."""
    quality = config["quality"]
    return used_generators([*training_sets, quality["training_set"]]) if quality else []


def evaluations(training_sets):
    """Return the evaluations of every model on some training sets."""
    return expand(
        "<benchmark>/segmentation/{model}/{training_set}/seed{seed}/{target}.npz",
        model=config["models"],
        training_set=training_sets,
        seed=config["seeds"],
        target=config["targets"],
    )


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
    """Return the fetched packages of a set; a folder on this machine is taken from where it is."""
    dataset = wildcards.dataset
    return [
        (
            location(config, dataset, package["url"], REPOSITORY)
            if is_folder(config, dataset, package["url"], REPOSITORY)
            else f"<benchmark>/packages/{dataset}/{name}"
        )
        for name, package in packages(config, dataset).items()
    ]


def remote_packages(wildcards):
    """Return the addresses of a set's packages that come over the net, by file name."""
    entries = packages(config, wildcards.dataset).items()
    return {name: package["url"] for name, package in entries if is_remote(package["url"])}


def package_survey(wildcards):
    """Return the file that says that the disk has room for a set, where it comes over the net."""
    remote = wildcards.package in remote_packages(wildcards)
    return f"<benchmark>/packages/{wildcards.dataset}.json" if remote else []


def converter(wildcards):
    """Return a publisher's name, or the description of a set of the user's own, as ``convert`` takes it."""
    adapter = config["datasets"][wildcards.dataset]["adapter"]
    return adapter if isinstance(adapter, str) else json.dumps(adapter, sort_keys=True)


def conversion_options(wildcards):
    entry = config["datasets"][wildcards.dataset]
    return options({key: entry[key] for key in ("expected_pairs", "max_skipped", "label_size") if key in entry})


def fetch_arguments(wildcards):
    """Return the command line that says where a package is and what its sums must be."""
    package = packages(config, wildcards.dataset)[wildcards.package]
    checksums = config["datasets"][wildcards.dataset]["checksums"]
    urls = {"url": package["url"], "checksums": checksums}
    arguments = {key: location(config, wildcards.dataset, url, REPOSITORY) for key, url in urls.items() if url}
    arguments.update({key: package[key] for key in ("md5", "sha256", "downloader") if key in package})
    if not is_rendered(config, wildcards.dataset, package["url"]):
        arguments["lock"] = os.path.relpath(REPOSITORY / "config/packages.sha256")
    return [part for key, value in arguments.items() for part in (f"--{key}", value)]


def shard_count(wildcards):
    generator = config["generators"][wildcards.generator]
    return math.ceil(generator["images"] / generator["images_per_shard"])


def shard_metadata(wildcards):
    shards = range(shard_count(wildcards))
    return expand("<benchmark>/generated/{generator}/shards/{shard}/metadata.jsonl", shard=shards, **wildcards)


def quality_weights():
    quality = config["quality"]
    return (
        "<benchmark>/segmentation/{model}/{training_set}/seed{seed}/weights.safetensors".format(
            **quality, seed=config["seeds"][0]
        )
        if quality
        else []
    )


def quality_options(wildcards):
    """Return how the images of a set are brought to the size that the judge model was trained on."""
    name = config["quality"]["model"]
    model = config["models"][name]
    sizes = {target: evaluation_options(name, target)["size"] for target in config["targets"]}
    sizes[config["source"]] = model["source_size"]
    size = sizes[wildcards.set] if wildcards.origin == "data" else model["crop"]
    return options({"crop": model["crop"], "size": size})


def generator_of(wildcards):
    """Return the name of the generated set that a training set adds, or None."""
    return config["training_sets"][wildcards.training_set]["generator"]


def generated_manifest(wildcards):
    """Return the manifest of the generated set that a training set adds as an input, where it adds one."""
    generator = generator_of(wildcards)
    return {"generated": f"<benchmark>/generated/{generator}/manifest.csv"} if generator else {}


def training_set_options(wildcards):
    training_set = config["training_sets"][wildcards.training_set]
    return options({key: training_set[key] for key in ("source", "generated_part") if key in training_set})


def redraw_statistics(wildcards):
    """Return the source's statistics as inputs where a training set draws its source images by them while training."""
    files = {"files_by_class": "samples_with_class.json", "probabilities": "rcs_probabilities.json"}
    redraws = config["training_sets"][wildcards.training_set].get("redraw")
    return {name: f"<source>/{file}" for name, file in files.items()} if redraws else {}


def presentation(wildcards, input):
    """Return how the images of a training set are shown: what its entry says beside what the command knows by itself."""
    training_set = config["training_sets"][wildcards.training_set]
    values = {key: training_set[key] for key in ("photometric", "generated_share") if key in training_set}
    if redraw := training_set.get("redraw"):
        statistics = {name: str(input[name]) for name in redraw_statistics(wildcards)}
        values["redraw"] = {**redraw, **statistics, "min_pixels": config["rare_class_sampling"]["min_pixels"]}
    return options(values)


def model_options(wildcards):
    model = without(config["models"][wildcards.model], "evaluation_scale")
    return options(model, {"config": os.path.relpath(REPOSITORY / model["config"])})


def evaluation_options(model, target):
    """Return the evaluation protocol of a target at the scale that a model is evaluated at."""
    protocol, scale = config["evaluation"][target], config["models"][model].get("evaluation_scale", 1)
    return {**protocol, **{key: [scale * side for side in protocol[key]] for key in ("size", "crop", "stride")}}


def shown_targets(wildcards):
    """Return the targets, as the command that shows predictions takes them."""
    return json.dumps(
        {
            target: {
                "data": os.path.relpath(f"results/{config['benchmark']}/data/{target}"),
                "options": evaluation_options(wildcards.model, target),
            }
            for target in config["targets"]
        }
    )


def evaluation_record(wildcards):
    """Return what the tables say of an evaluation, as JSON."""
    names = {"benchmark": config["benchmark"], "source": config["source"], "generator": generator_of(wildcards)}
    return options(dict(wildcards.items()), names, {"seed": int(wildcards.seed)})
