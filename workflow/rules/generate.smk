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
    params:
        data=subpath(input.manifest, parent=True),
        images=generation.images,
        rare_class_sampling=generation.by_rare_classes,
        min_pixels=config["rare_class_sampling"]["min_pixels"],
        seed=config["seed"],
    shell:
        "python -m dginstyle draw-list --data {params.data} --output {output} --images {params.images}"
        " --rare_class_sampling {params.rare_class_sampling} --min_pixels {params.min_pixels}"
        " --seed {params.seed} &> {log}"


rule generate_shard:
    input:
        unpack(generation.generator_inputs),
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
    benchmark:
        "<benchmark>/benchmarks/generate_shard/{generator}/{shard}.tsv"
    wildcard_constraints:
        generator=generation.generators(torch=True),
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["generate"]
    resources:
        gpu=jobs.gpu("generate_shard"),
        gpu_mem_mb=jobs.gpu_mem_mb("generate_shard"),
        mem_mb=jobs.mem_mb("generate_shard"),
        runtime=jobs.runtime("generate_shard"),
    params:
        inputs=generation.generator_locations,
        data=subpath(input.manifest, parent=True),
        folder=subpath(output.metadata, parent=True),
        shards=generation.shard_count,
        options=generation.entry,
        seed=config["seed"],
    shell:
        "on_gpus {resources.gpu}"
        " python -m dginstyle generate-shard --options {params.options:q} --inputs {params.inputs:q}"
        " --data {params.data} --list {input.list} --shard {wildcards.shard} --shards {params.shards}"
        " --output {params.folder} --seed {params.seed} &> {log}"


# Generators that do not need torch.
use rule generate_shard as generate_light_shard with:
    wildcard_constraints:
        generator=generation.generators(torch=False),
    conda:
        "../envs/data.yaml"
    threads: 1


rule gather_shards:
    input:
        list="<benchmark>/generated/{generator}/list.csv",
        shards=generation.shard_metadata,
    output:
        manifest="<benchmark>/generated/{generator}/manifest.csv",
        metadata="<benchmark>/generated/{generator}/metadata.jsonl",
    log:
        "<benchmark>/logs/gather_shards/{generator}.log",
    wildcard_constraints:
        generator=f"{generation.generators(torch=True)}|{generation.generators(torch=False)}",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        shards=generation.shard_folders,
        folder=subpath(output.manifest, parent=True),
    shell:
        "python -m dginstyle gather --shards {params.shards:q} --output {params.folder} &> {log}"


rule import_generated_set:
    input:
        images="<benchmark>/data/{generator}/raw",
        labels="<benchmark>/data/{generator}/labels",
        manifest="<benchmark>/data/{generator}/manifest.csv",
    output:
        manifest="<benchmark>/generated/{generator}/manifest.csv",
        metadata="<benchmark>/generated/{generator}/metadata.jsonl",
    log:
        "<benchmark>/logs/import_generated_set/{generator}.log",
    wildcard_constraints:
        generator=generation.imported_sets(),
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        data=subpath(input.manifest, parent=True),
        folder=subpath(output.manifest, parent=True),
        seed=config["seed"],
    shell:
        "python -m dginstyle import-generated --data {params.data} --output {params.folder} --seed {params.seed}"
        " &> {log}"


rule plot_samples:
    input:
        metadata="<benchmark>/generated/{generator}/metadata.jsonl",
        images=generation.set_folders,
    output:
        report(
            "results/figures/samples_{generator}.png",
            caption="../report/samples.rst",
            category="Generated images",
            labels={"generator": "{generator}"},
        ),
    log:
        "<benchmark>/logs/plot_samples/{generator}.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        folder=subpath(input.metadata, parent=True),
    shell:
        "python -m dginstyle plot-samples --generated {params.folder} --output {output} &> {log}"
