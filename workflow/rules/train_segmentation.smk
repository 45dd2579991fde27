rule build_training_set:
    input:
        unpack(segmentation.generated_manifest),
        manifest="<source>/manifest.csv",
        files_by_class="<source>/samples_with_class.json",
        probabilities="<source>/rcs_probabilities.json",
    output:
        "<benchmark>/training_sets/{training_set}.csv",
    log:
        "<benchmark>/logs/build_training_set/{training_set}.log",
    conda:
        "../envs/data.yaml"
    params:
        source=subpath(input.manifest, parent=True),
        generated=segmentation.generated_argument,
        options=segmentation.training_set_options,
        min_pixels=config["rare_class_sampling"]["min_pixels"],
        seed=config["seed"],
    shell:
        "python -m dginstyle build-training-set --source {params.source} {params.generated:q} --output {output}"
        " --options {params.options:q} --min_pixels {params.min_pixels} --seed {params.seed} &> {log}"


rule train_segmentation:
    input:
        unpack(segmentation.redraw_statistics),
        unpack(segmentation.encoder),
        data="<benchmark>/training_sets/{training_set}.csv",
        images=segmentation.training_images,
    output:
        weights="<benchmark>/segmentation/{model}/{training_set}/seed{seed}/weights.safetensors",
        record="<benchmark>/segmentation/{model}/{training_set}/seed{seed}/training.json",
    log:
        "<benchmark>/logs/train_segmentation/{model}/{training_set}/seed{seed}.log",
    benchmark:
        "<benchmark>/benchmarks/train_segmentation/{model}/{training_set}/seed{seed}.tsv"
    wildcard_constraints:
        model=segmentation.models("trained"),
    priority: 5  # before evaluations, which are short and fill gaps
    retries: attempts("train_segmentation", segmentation.trained_rows())
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["train"]
    resources:
        gpu=jobs.gpu("train_segmentation"),
        gpu_mem_mb=jobs.gpu_mem_mb("train_segmentation"),
        mem_mb=jobs.mem_mb("train_segmentation"),
        runtime=jobs.runtime("train_segmentation"),
    params:
        folder=subpath(output.weights, parent=True),
        state=f"{BENCHMARK}/state/segmentation/{{model}}/{{training_set}}/seed{{seed}}",
        generator=segmentation.generator_argument,
        encoder=segmentation.encoder_argument,
        options=segmentation.model_options,
        presentation=segmentation.presentation,
        network=segmentation.model_digest,
    shell:
        "on_gpus {resources.gpu}"
        " python -m segmodel train --model {wildcards.model} --data {input.data} --output {params.folder}"
        " --state {params.state} {params.generator:q} {params.encoder:q} --options {params.options:q}"
        " --presentation {params.presentation:q} --seed {wildcards.seed} &> {log}"


rule import_checkpoint:
    input:
        segmentation.checkpoint,
    output:
        weights="<benchmark>/segmentation/{model}/{training_set}/seed{seed}/weights.safetensors",
        record="<benchmark>/segmentation/{model}/{training_set}/seed{seed}/training.json",
    log:
        "<benchmark>/logs/import_checkpoint/{model}/{training_set}/seed{seed}.log",
    wildcard_constraints:
        model=segmentation.models("imported"),
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=4000,
    params:
        folder=subpath(output.weights, parent=True),
        arguments=segmentation.checkpoint_arguments,
        network=segmentation.model_digest,
    shell:
        "python -m segmodel import-checkpoint --checkpoint {input:q} {params.arguments:q} --output {params.folder}"
        " --model {wildcards.model} --training_set {wildcards.training_set} --seed {wildcards.seed} &> {log}"
