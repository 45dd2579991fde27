rule rebuild_prior:
    input:
        "<benchmark>/prior",
    localrule: True


rule extract_corpus:
    input:
        "<benchmark>/publishers/prior",
    output:
        directory("<benchmark>/prior_corpus"),
    log:
        "<benchmark>/logs/extract_corpus.log",
    conda:
        "../envs/data.yaml"
    params:
        packages=generation.corpus_package,
    shell:
        "python -m dginstyle extract --packages {params.packages:q} --output {output} &> {log}"


rule train_prior:
    input:
        "<benchmark>/prior_corpus",
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
        "python -m dginstyle train-prior --corpus {input} --output {output} --state {params.state}"
        " --options {params.options:q} --seed {params.seed} &> {log}"
