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
        options=generation.list_options,
        seed=config["seed"],
    shell:
        "python -m dginstyle draw-list --data {params.data} --output {output} --options {params.options:q}"
        " --seed {params.seed} &> {log}"


rule generate_shard:
    input:
        unpack(generation.source_unet),
        prior=generation.prior_files,
        controlnet="<benchmark>/models/controlnet",
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
        generator=generation.generators_made(),
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["generate"]
    params:
        prior=generation.prior_location(),
        unet=lambda wildcards, input: argument("unet", input.get("unet")),
        data=subpath(input.manifest, parent=True),
        folder=subpath(output.metadata, parent=True),
        shards=generation.shard_count,
        options=lambda wildcards: options(
            without(
                config["generators"][wildcards.generator],
                "images",
                "images_per_shard",
                "rare_class_sampling",
                "style_swap",
            )
        ),
        seed=config["seed"],
    shell:
        "python -m dginstyle generate --prior {params.prior:q} --controlnet {input.controlnet} {params.unet:q}"
        " --data {params.data} --list {input.list} --shard {wildcards.shard} --shards {params.shards}"
        " --output {params.folder} --options {params.options:q} --seed {params.seed} &> {log}"


rule render_shard:
    input:
        list="<benchmark>/generated/{generator}/list.csv",
        images="<source>/raw",
        labels="<source>/labels",
        manifest="<source>/manifest.csv",
    output:
        images=directory("<benchmark>/generated/{generator}/shards/{shard}/images"),
        labels=directory("<benchmark>/generated/{generator}/shards/{shard}/labels"),
        pictures="<benchmark>/generated/{generator}/shards/{shard}/pictures.png",
        metadata="<benchmark>/generated/{generator}/shards/{shard}/metadata.jsonl",
    log:
        "<benchmark>/logs/render_shard/{generator}/{shard}.log",
    benchmark:
        "<benchmark>/benchmarks/render_shard/{generator}/{shard}.tsv"
    wildcard_constraints:
        generator=generation.generators_made("appearance"),
    conda:
        "../envs/torch.yaml"
    params:
        domain=config["publishers"].get(config["source"], {}).get("domain"),
        appearance=lambda wildcards: config["generators"][wildcards.generator]["appearance"],
        data=subpath(input.manifest, parent=True),
        folder=subpath(output.metadata, parent=True),
        shards=generation.shard_count,
        options=lambda wildcards: options(
            {key: config["generators"][wildcards.generator][key] for key in ("crop", "min_class_share")}
        ),
        seed=config["seed"],
    shell:
        "python -m dginstyle render-shard --domain {params.domain} --appearance {params.appearance}"
        " --data {params.data} --list {input.list} --shard {wildcards.shard} --shards {params.shards}"
        " --output {params.folder} --options {params.options:q} --seed {params.seed} &> {log}"


rule recolour_shard:
    input:
        list="<benchmark>/generated/{generator}/list.csv",
        images="<source>/raw",
        labels="<source>/labels",
        manifest="<source>/manifest.csv",
    output:
        images=directory("<benchmark>/generated/{generator}/shards/{shard}/images"),
        labels=directory("<benchmark>/generated/{generator}/shards/{shard}/labels"),
        pictures="<benchmark>/generated/{generator}/shards/{shard}/pictures.png",
        metadata="<benchmark>/generated/{generator}/shards/{shard}/metadata.jsonl",
    log:
        "<benchmark>/logs/recolour_shard/{generator}/{shard}.log",
    benchmark:
        "<benchmark>/benchmarks/recolour_shard/{generator}/{shard}.tsv"
    wildcard_constraints:
        generator=generation.generators_made("recoloured"),
    conda:
        "../envs/torch.yaml"
    params:
        data=subpath(input.manifest, parent=True),
        folder=subpath(output.metadata, parent=True),
        shards=generation.shard_count,
        options=lambda wildcards: options(
            {key: config["generators"][wildcards.generator][key] for key in ("crop", "min_class_share")},
            config["generators"][wildcards.generator]["recoloured"],
        ),
        seed=config["seed"],
    shell:
        "python -m dginstyle recolour-shard --data {params.data} --list {input.list} --shard {wildcards.shard}"
        " --shards {params.shards} --output {params.folder} --options {params.options:q} --seed {params.seed} &> {log}"


rule gather_shards:
    input:
        list="<benchmark>/generated/{generator}/list.csv",
        shards=generation.shard_metadata,
    output:
        manifest="<benchmark>/generated/{generator}/manifest.csv",
        metadata="<benchmark>/generated/{generator}/metadata.jsonl",
    log:
        "<benchmark>/logs/gather_shards/{generator}.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        shards=generation.shard_folders,
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
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        folder=subpath(input[0], parent=True),
    shell:
        "python -m dginstyle plot-samples --generated {params.folder} --output {output} &> {log}"
