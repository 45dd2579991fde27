rule rebuild_prior:
    input:
        "<benchmark>/prior",


rule extract_corpus:
    input:
        "<benchmark>/publishers/prior",
    output:
        directory("<benchmark>/prior_corpus"),
    log:
        "<benchmark>/logs/extract_corpus.log",
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        packages=lambda wildcards, input: json.dumps([f"{input}/prior_corpus.zip"]),
    shell:
        "python -m dginstyle extract --packages {params.packages:q} --output {output} &> {log}"


rule train_prior:
    input:
        "<benchmark>/prior_corpus",
    output:
        directory("<benchmark>/prior"),
    log:
        "<benchmark>/logs/train_prior.log",
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["diffusion"]
    resources:
        mem_mb=8000,
        runtime=2880,
    params:
        state=f"results/{config['benchmark']}/state/prior",
        options=options(config["prior_training"] or {}),
        seed=config["seed"],
    shell:
        "python -m dginstyle train-prior --corpus {input} --output {output} --state {params.state}"
        " --options {params.options:q} --seed {params.seed} &> {log}"
