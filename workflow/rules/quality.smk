rule measure_quality:
    input:
        weights=quality_weights(),
        manifest="<benchmark>/{origin}/{set}/manifest.csv",
        raw=branch(lambda wildcards: wildcards.origin == "data", then="<benchmark>/data/{set}/raw", otherwise=[]),
    output:
        "<benchmark>/quality/{origin}/{set}.npz",
    log:
        "<benchmark>/logs/measure_quality/{origin}/{set}.log",
    wildcard_constraints:
        origin="data|generated",
        set="[A-Za-z0-9_]+",
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["evaluate"]
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        model=lambda wildcards: config["quality"]["model"],
        data=subpath(input.manifest, parent=True),
        options=quality_options,
    shell:
        "python -m segmodel measure-quality --model {params.model} --weights {input.weights} --data {params.data}"
        " --output {output} --options {params.options:q} &> {log}"


rule tabulate_quality:
    input:
        source="<benchmark>/quality/data/{}.npz".format(config["source"]),
        targets=expand("<benchmark>/quality/data/{target}.npz", target=config["targets"]),
        generated=expand("<benchmark>/quality/generated/{generator}.npz", generator=measured_sets(table_sets())),
    output:
        report(
            "results/quality.csv",
            caption="../report/quality.rst",
            category="Generated images",
            labels={"result": "quality of the generated sets", "format": "csv"},
        ),
    log:
        "<benchmark>/logs/tabulate_quality.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        targets=lambda wildcards, input: json.dumps(list(input.targets)),
        generated=lambda wildcards, input: json.dumps(list(input.generated)),
    shell:
        "python -m segmodel tabulate-quality --source {input.source} --targets {params.targets:q}"
        " --generated {params.generated:q} --output {output} &> {log}"


use rule tabulate_quality as tabulate_ablation_quality with:
    input:
        source="<benchmark>/quality/data/{}.npz".format(config["source"]),
        targets=expand("<benchmark>/quality/data/{target}.npz", target=config["targets"]),
        generated=expand(
            "<benchmark>/quality/generated/{generator}.npz", generator=measured_sets(config["training_sets"])
        ),
    output:
        report(
            "results/ablations_quality.csv",
            caption="../report/quality.rst",
            category="Ablations",
            labels={"result": "quality of the generated sets", "format": "csv"},
        ),
    log:
        "<benchmark>/logs/tabulate_ablation_quality.log",
