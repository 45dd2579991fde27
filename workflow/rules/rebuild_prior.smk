rule rebuild_prior:
    input:
        "<benchmark>/prior",
    localrule: True


rule train_prior:
    output:
        directory("<benchmark>/prior"),
    log:
        "<benchmark>/logs/train_prior.log",
    benchmark:
        "<benchmark>/benchmarks/train_prior.tsv"
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["diffusion"]
    params:
        state=f"{BENCHMARK}/state/prior",
        options=generation.prior_options,
        seed=config["seed"],
    shell:
        "python -m dginstyle train-prior --output {output} --state {params.state}"
        " --options {params.options:q} --seed {params.seed} &> {log}"
