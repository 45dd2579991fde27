def generator_inputs(wildcards):
    """Return the files that a generator's kind needs, as inputs of its shards."""
    files = {
        "prior": prior_files(wildcards),
        "unet": "<benchmark>/models/unet_source",
        "controlnet": "<benchmark>/models/controlnet",
        "images": "<source>/raw",
    }
    return {name: files[name] for name in generator_needs(wildcards.generator) if name in files}


def generator_places(wildcards, input):
    """Return where a generator finds what its kind needs, as JSON."""
    places = {"prior": prior_location(), "domain": config["publishers"].get(config["source"], {}).get("domain")}
    needs = generator_needs(wildcards.generator)
    return json.dumps({name: str(places.get(name) or input[name]) for name in needs})


def generator_needs(name):
    """Return the names of what a generator's kind needs."""
    kind = load_kind(config["generators"][name]["kind"])
    return kind.needs(kind.Options(**config["generators"][name]))


def generators_by_torch(torch):
    """Return the generators whose kind needs torch, or does not, as a pattern."""
    entries = config["generators"].items()
    return "|".join(name for name, entry in entries if load_kind(entry["kind"]).torch == torch)


def generator_entry(wildcards):
    """Return a generator's entry, as JSON."""
    return options(config["generators"][wildcards.generator])


rule draw_generation_list:
    input:
        manifest="<source>/manifest.csv",
        files_by_class="<source>/samples_with_class.json",
        probabilities="<source>/rcs_probabilities.json",
    output:
        "<benchmark>/generated/{generator}/list.csv",
    log:
        "<benchmark>/logs/draw_generation_list/{generator}.log",
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        data=subpath(input.manifest, parent=True),
        images=lambda wildcards: config["generators"][wildcards.generator]["images"],
        rare_class_sampling=lambda wildcards: config["generators"][wildcards.generator]["rare_class_sampling"],
        min_pixels=config["rare_class_sampling"]["min_pixels"],
        seed=config["seed"],
    shell:
        "python -m dginstyle draw-list --data {params.data} --output {output} --images {params.images}"
        " --rare_class_sampling {params.rare_class_sampling} --min_pixels {params.min_pixels}"
        " --seed {params.seed} &> {log}"


# Kinds that need no torch run in the light environment.
for shard_rule, torch in {"generate_shard": True, "generate_light_shard": False}.items():
    if generators_by_torch(torch):

        rule:
            name:
                shard_rule
            input:
                unpack(generator_inputs),
                list="<benchmark>/generated/{generator}/list.csv",
                labels="<source>/labels",
                manifest="<source>/manifest.csv",
            output:
                images=directory("<benchmark>/generated/{generator}/shards/{shard}/images"),
                labels=directory("<benchmark>/generated/{generator}/shards/{shard}/labels"),
                pictures="<benchmark>/generated/{generator}/shards/{shard}/pictures.png",
                metadata="<benchmark>/generated/{generator}/shards/{shard}/metadata.jsonl",
            log:
                "<benchmark>/logs/generate_shard/{generator}/{shard}.log",
            wildcard_constraints:
                generator=generators_by_torch(torch),
            conda:
                "../envs/torch.yaml" if torch else "../envs/data.yaml"
            threads: config["threads"]["generate"] if torch else 1
            resources:
                mem_mb=8000,
                runtime=1440,
            params:
                inputs=generator_places,
                data=subpath(input.manifest, parent=True),
                folder=subpath(output.metadata, parent=True),
                shards=shard_count,
                options=generator_entry,
                seed=config["seed"],
            shell:
                "python -m dginstyle generate-shard --options {params.options:q} --inputs {params.inputs:q}"
                " --data {params.data} --list {input.list} --shard {wildcards.shard} --shards {params.shards}"
                " --output {params.folder} --seed {params.seed} &> {log}"


rule gather_shards:
    input:
        list="<benchmark>/generated/{generator}/list.csv",
        shards=shard_metadata,
    output:
        manifest="<benchmark>/generated/{generator}/manifest.csv",
        metadata="<benchmark>/generated/{generator}/metadata.jsonl",
    log:
        "<benchmark>/logs/gather_shards/{generator}.log",
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        shards=lambda wildcards, input: json.dumps([os.path.dirname(path) for path in input.shards]),
        folder=subpath(output.manifest, parent=True),
    shell:
        "python -m dginstyle gather --shards {params.shards:q} --output {params.folder} &> {log}"


rule plot_samples:
    input:
        "<benchmark>/generated/{generator}/metadata.jsonl",
    output:
        report(
            "results/figures/samples_{generator}.png",
            caption="../report/samples.rst",
            category="Generated images",
            labels={"generator": "{generator}"},
        ),
    log:
        "<benchmark>/logs/plot_samples/{generator}.log",
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        folder=subpath(input[0], parent=True),
    shell:
        "python -m dginstyle plot-samples --generated {params.folder} --output {output} &> {log}"
