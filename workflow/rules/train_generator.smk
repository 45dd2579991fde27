rule train_dreambooth:
    input:
        prior=generation.prior_files,
        images="<source>/raw",
        labels="<source>/labels",
        manifest="<source>/manifest.csv",
    output:
        directory("<benchmark>/models/unet_source"),
    log:
        "<benchmark>/logs/train_dreambooth.log",
    benchmark:
        "<benchmark>/benchmarks/train_dreambooth.tsv"
    priority: 10  # generation waits for it; trainings on source images can run later
    retries: attempts("train_dreambooth")
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["diffusion"]
    resources:
        gpu=jobs.gpu("train_dreambooth"),
        gpu_mem_mb=jobs.gpu_mem_mb("train_dreambooth"),
        mem_mb=jobs.mem_mb("train_dreambooth"),
        runtime=jobs.runtime("train_dreambooth"),
    params:
        prior=generation.prior_location(),
        data=subpath(input.manifest, parent=True),
        state=f"{BENCHMARK}/state/unet_source",
        options=generation.dreambooth_options,
        seed=config["seed"],
    shell:
        "on_gpus {resources.gpu}"
        " python -m dginstyle train-dreambooth --prior {params.prior:q} --data {params.data} --output {output}"
        " --state {params.state} --options {params.options:q} --seed {params.seed} &> {log}"


rule train_controlnet:
    input:
        prior=generation.prior_files,
        unet="<benchmark>/models/unet_source",
        images="<source>/raw",
        labels="<source>/labels",
        manifest="<source>/manifest.csv",
        files_by_class="<source>/samples_with_class.json",
        probabilities="<source>/rcs_probabilities.json",
    output:
        directory(generation.kept_controlnets()),
        last=directory("<benchmark>/models/controlnet"),
    log:
        "<benchmark>/logs/train_controlnet.log",
    benchmark:
        "<benchmark>/benchmarks/train_controlnet.tsv"
    priority: 10  # generation waits for it; trainings on source images can run later
    retries: attempts("train_controlnet")
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["diffusion"]
    resources:
        gpu=jobs.gpu("train_controlnet"),
        gpu_mem_mb=jobs.gpu_mem_mb("train_controlnet"),
        mem_mb=jobs.mem_mb("train_controlnet"),
        runtime=jobs.runtime("train_controlnet"),
    params:
        prior=generation.prior_location(),
        data=subpath(input.manifest, parent=True),
        state=f"{BENCHMARK}/state/controlnet",
        options=generation.controlnet_options,
        min_pixels=config["rare_class_sampling"]["min_pixels"],
        seed=config["seed"],
    shell:
        "on_gpus {resources.gpu}"
        " python -m dginstyle train-controlnet --prior {params.prior:q} --unet {input.unet} --data {params.data}"
        " --output {output.last} --state {params.state} --options {params.options:q} --min_pixels {params.min_pixels}"
        " --seed {params.seed} &> {log}"


# Networks that others trained take the place of trained ones.
ruleorder: import_network > train_controlnet
ruleorder: import_network > train_dreambooth


rule import_network:
    input:
        generation.network_files,
        prior=generation.prior_files,
    output:
        directory("<benchmark>/models/{network}"),
    log:
        "<benchmark>/logs/import_network/{network}.log",
    wildcard_constraints:
        network=generation.pretrained(),
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=10000,
    params:
        prior=generation.prior_location(),
        arguments=generation.network_arguments,
    shell:
        "python -m dginstyle import-network --network {wildcards.network} {params.arguments:q}"
        " --prior {params.prior:q} --output {output} &> {log}"
