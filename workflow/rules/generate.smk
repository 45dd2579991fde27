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
        options=lambda wildcards: options(
            {key: config["generators"][wildcards.generator][key] for key in ("images", "rare_class_sampling")},
            {"min_pixels": config["rare_class_sampling"]["min_pixels"]},
        ),
        seed=config["seed"],
    shell:
        "python -m dginstyle draw-list --data {params.data} --output {output} --options {params.options:q}"
        " --seed {params.seed} &> {log}"


rule generate_shard:
    input:
        unpack(generator_unet),
        prior=prior_files,
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
    wildcard_constraints:
        generator=generators_made(),
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["generate"]
    resources:
        mem_mb=8000,
        runtime=1440,
    params:
        prior=prior_location(),
        unet=lambda wildcards, input: argument("unet", input.get("unet")),
        data=subpath(input.manifest, parent=True),
        folder=subpath(output.metadata, parent=True),
        shards=lambda wildcards: shard_count(wildcards.generator),
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
        images="<benchmark>/data/{source}/raw".format(source=config["source"]),
        labels="<source>/labels",
        manifest="<source>/manifest.csv",
    output:
        images=directory("<benchmark>/generated/{generator}/shards/{shard}/images"),
        labels=directory("<benchmark>/generated/{generator}/shards/{shard}/labels"),
        pictures="<benchmark>/generated/{generator}/shards/{shard}/pictures.png",
        metadata="<benchmark>/generated/{generator}/shards/{shard}/metadata.jsonl",
    log:
        "<benchmark>/logs/render_shard/{generator}/{shard}.log",
    wildcard_constraints:
        generator=generators_made("appearance"),
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        domain=config["publishers"].get(config["source"], {}).get("domain"),
        appearance=lambda wildcards: config["generators"][wildcards.generator]["appearance"],
        data=subpath(input.manifest, parent=True),
        folder=subpath(output.metadata, parent=True),
        shards=lambda wildcards: shard_count(wildcards.generator),
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
        images="<benchmark>/data/{source}/raw".format(source=config["source"]),
        labels="<source>/labels",
        manifest="<source>/manifest.csv",
    output:
        images=directory("<benchmark>/generated/{generator}/shards/{shard}/images"),
        labels=directory("<benchmark>/generated/{generator}/shards/{shard}/labels"),
        pictures="<benchmark>/generated/{generator}/shards/{shard}/pictures.png",
        metadata="<benchmark>/generated/{generator}/shards/{shard}/metadata.jsonl",
    log:
        "<benchmark>/logs/recolour_shard/{generator}/{shard}.log",
    wildcard_constraints:
        generator=generators_made("recoloured"),
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        data=subpath(input.manifest, parent=True),
        folder=subpath(output.metadata, parent=True),
        shards=lambda wildcards: shard_count(wildcards.generator),
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
