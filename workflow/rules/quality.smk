rule measure_quality:
    input:
        weights=quality.weights(),
        manifest="<benchmark>/{origin}/{set}/manifest.csv",
        images=quality.images,
    output:
        "<benchmark>/quality/{origin}/{set}.npz",
    log:
        "<benchmark>/logs/measure_quality/{origin}/{set}.log",
    benchmark:
        "<benchmark>/benchmarks/measure_quality/{origin}/{set}.tsv"
    wildcard_constraints:
        origin="data|generated",
        set="[A-Za-z0-9_]+",
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["evaluate"]
    resources:
        gpu=jobs.gpu("measure_quality"),
        gpu_mem_mb=jobs.gpu_mem_mb("measure_quality"),
        mem_mb=jobs.mem_mb("measure_quality"),
        runtime=jobs.runtime("measure_quality"),
    params:
        model=quality.model,
        data=subpath(input.manifest, parent=True),
        options=quality.options,
    shell:
        "on_gpus {resources.gpu}"
        " python -m segmodel measure-quality --model {params.model} --weights {input.weights} --data {params.data}"
        " --output {output} --options {params.options:q} &> {log}"


rule tabulate_quality:
    input:
        source=f"<benchmark>/quality/data/{config['source']}.npz",
        targets=expand("<benchmark>/quality/data/{target}.npz", target=config["targets"]),
        generated=quality.generated(table_sets(config)),
    output:
        report(
            "results/quality.csv",
            caption="../report/quality.rst",
            category="Generated images",
            labels={"result": "quality of the generated sets", "format": "csv"},
        ),
    log:
        "<benchmark>/logs/tabulate_quality.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        targets=input_list("targets"),
        generated=input_list("generated"),
    shell:
        "python -m segmodel tabulate-quality --source {input.source} --targets {params.targets:q}"
        " --generated {params.generated:q} --output {output} &> {log}"


use rule tabulate_quality as tabulate_ablation_quality with:
    input:
        source=f"<benchmark>/quality/data/{config['source']}.npz",
        targets=expand("<benchmark>/quality/data/{target}.npz", target=config["targets"]),
        generated=quality.generated(config["training_sets"]),
    output:
        report(
            "results/ablations_quality.csv",
            caption="../report/quality.rst",
            category="Ablations",
            labels={"result": "quality of the generated sets", "format": "csv"},
        ),
    log:
        "<benchmark>/logs/tabulate_ablation_quality.log",
