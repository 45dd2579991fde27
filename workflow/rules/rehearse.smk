# `snakemake rehearsal` runs another Snakemake, in folders of its own; see docs/workflow.md#rehearsal.
rule rehearsal:
    localrule: True
    handover: True
    threads: workflow.resource_settings.cores or workflow.resource_settings.local_cores or 1  # no cores with a scheduler
    params:
        program=REPOSITORY / "workflow/lib/rehearse.py",
    shell:
        "python {params.program:q} --cores {threads}"


# Random weights in place of downloads, for `random_weights`.
rule draw_prior:
    output:
        directory("<benchmark>/random/prior"),
    log:
        "<benchmark>/logs/draw_prior.log",
    benchmark:
        "<benchmark>/benchmarks/draw_prior.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=6000,
    params:
        architecture=config.get("random_weights"),
        seed=config["seed"],
    shell:
        "python -m dginstyle draw-prior --architecture {params.architecture:q} --output {output}"
        " --seed {params.seed} &> {log}"


rule draw_encoder:
    output:
        "<benchmark>/random/encoders/{model}.pth",
    log:
        "<benchmark>/logs/draw_encoder/{model}.log",
    benchmark:
        "<benchmark>/benchmarks/draw_encoder/{model}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=4000,
    params:
        config=segmentation.model_config,
        seed=config["seed"],
    shell:
        "python -m segmodel draw-encoder --config {params.config:q} --output {output} --seed {params.seed} &> {log}"
