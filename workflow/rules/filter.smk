# A judge model reads generated images, or the source images that it was trained on; see docs/segmentation.md#filters.
rule judge_shard:
    input:
        weights=filtering.judge_weights,
        manifest="<benchmark>/generated/{generator}/manifest.csv",
        images=filtering.generated_images,
    output:
        maps=directory("<benchmark>/judged/{model}/{training_set}/{generator}/{shard}/maps"),
        statistics="<benchmark>/judged/{model}/{training_set}/{generator}/{shard}/statistics.npz",
    log:
        "<benchmark>/logs/judge_shard/{model}/{training_set}/{generator}/{shard}.log",
    benchmark:
        "<benchmark>/benchmarks/judge_shard/{model}/{training_set}/{generator}/{shard}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["evaluate"]
    resources:
        gpu=jobs.gpu("judge_shard"),
        gpu_mem_mb=jobs.gpu_mem_mb("judge_shard"),
        mem_mb=jobs.mem_mb("judge_shard"),
        runtime=jobs.runtime("judge_shard"),
    params:
        shards=filtering.shard_count,
        options=filtering.generated_options,
    shell:
        "on_gpus {resources.gpu}"
        " python -m segmodel judge-images --model {wildcards.model} --weights {input.weights} --data {input.manifest}"
        " --maps {output.maps} --statistics {output.statistics} --shard {wildcards.shard} --shards {params.shards}"
        " --options {params.options:q} &> {log}"


rule judge_source:
    input:
        weights=filtering.judge_weights,
        data="<benchmark>/training_sets/{training_set}.csv",
        images="<source>/raw",
        labels="<source>/labels",
    output:
        "<benchmark>/judged/{model}/{training_set}/source.npz",
    log:
        "<benchmark>/logs/judge_source/{model}/{training_set}.log",
    benchmark:
        "<benchmark>/benchmarks/judge_source/{model}/{training_set}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["evaluate"]
    resources:
        gpu=jobs.gpu("judge_source"),
        gpu_mem_mb=jobs.gpu_mem_mb("judge_source"),
        mem_mb=jobs.mem_mb("judge_source"),
        runtime=jobs.runtime("judge_source"),
    params:
        options=filtering.source_options,
    shell:
        "on_gpus {resources.gpu}"
        " python -m segmodel judge-images --model {wildcards.model} --weights {input.weights} --data {input.data}"
        " --statistics {output} --options {params.options:q} &> {log}"


rule filter_shard:
    input:
        unpack(filtering.filter_inputs),
        manifest=filtering.generated_manifest,
        images=filtering.filtered_images,
    output:
        directory("<benchmark>/filtered/{training_set}/shards/{shard}"),
    log:
        "<benchmark>/logs/filter_shard/{training_set}/{shard}.log",
    wildcard_constraints:
        training_set=filtering.filtered_sets(),
    conda:
        "../envs/data.yaml"
    params:
        shards=filtering.filtered_shard_count,
        judged=filtering.arguments,
        options=filtering.filter_options,
    shell:
        "python -m segmodel filter-shard --data {input.manifest} --output {output} --shard {wildcards.shard}"
        " --shards {params.shards} {params.judged:q} --options {params.options:q} &> {log}"


rule gather_filtered:
    input:
        unpack(filtering.gather_inputs),
        shards=filtering.filtered_shards,
    output:
        manifest="<benchmark>/filtered/{training_set}/manifest.csv",
        report="<benchmark>/filtered/{training_set}/report.json",
    log:
        "<benchmark>/logs/gather_filtered/{training_set}.log",
    wildcard_constraints:
        training_set=filtering.filtered_sets(),
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        shards=filtering.shard_lists,
        folder=subpath(output.manifest, parent=True),
        judged=filtering.arguments,
        options=filtering.filter_options,
        seed=config["seed"],
    shell:
        "python -m segmodel gather-filtered --shards {params.shards:q} --output {params.folder} {params.judged:q}"
        " --options {params.options:q} --seed {params.seed} &> {log}"
