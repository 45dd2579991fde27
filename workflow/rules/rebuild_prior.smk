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
    retries: attempts("train_prior") if config["prior_training"] else 0
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["diffusion"]
    resources:
        gpu=jobs.gpu("train_prior"),
        gpu_mem_mb=jobs.gpu_mem_mb("train_prior"),
        mem_mb=jobs.mem_mb("train_prior"),
        runtime=jobs.runtime("train_prior"),
    params:
        state=f"{BENCHMARK}/state/prior",
        options=generation.prior_options,
        seed=config["seed"],
    shell:
        "on_gpus {resources.gpu}"
        " python -m dginstyle train-prior --output {output} --state {params.state}"
        " --options {params.options:q} --seed {params.seed} &> {log}"
