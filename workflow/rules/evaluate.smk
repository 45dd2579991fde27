rule evaluate_target:
    input:
        weights="<benchmark>/segmentation/{model}/{training_set}/seed{seed}/weights.safetensors",
        training="<benchmark>/segmentation/{model}/{training_set}/seed{seed}/training.json",
        images="<benchmark>/data/{target}/raw",
        labels="<benchmark>/data/{target}/labels",
        manifest="<benchmark>/data/{target}/manifest.csv",
    output:
        "<benchmark>/segmentation/{model}/{training_set}/seed{seed}/{target}.npz",
    log:
        "<benchmark>/logs/evaluate_target/{model}/{training_set}/seed{seed}/{target}.log",
    benchmark:
        "<benchmark>/benchmarks/evaluate_target/{model}/{training_set}/seed{seed}/{target}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["evaluate"]
    resources:
        gpu=jobs.gpu("evaluate_target"),
        gpu_mem_mb=jobs.gpu_mem_mb("evaluate_target"),
        mem_mb=jobs.mem_mb("evaluate_target"),
        runtime=jobs.runtime("evaluate_target"),
        evaluation=1,  # in a group, one at a time: workflow/profiles/slurm
    params:
        data=subpath(input.manifest, parent=True),
        record=segmentation.evaluation_record,
        options=segmentation.evaluation_options,
    shell:
        "on_gpus {resources.gpu}"
        " python -m segmodel evaluate --model {wildcards.model} --weights {input.weights} --data {params.data}"
        " --output {output} --record {params.record:q} --options {params.options:q} &> {log}"


rule score_predictions:
    input:
        predictions=segmentation.predicted_folder,
        images="<benchmark>/data/{target}/raw",
        labels="<benchmark>/data/{target}/labels",
        manifest="<benchmark>/data/{target}/manifest.csv",
    output:
        "<benchmark>/predictions/{predictions}/{target}.npz",
    log:
        "<benchmark>/logs/score_predictions/{predictions}/{target}.log",
    benchmark:
        "<benchmark>/benchmarks/score_predictions/{predictions}/{target}.tsv"
    wildcard_constraints:
        predictions=segmentation.predictions(),
    priority: 20  # tells what is missing before anything long
    conda:
        "../envs/data.yaml"
    params:
        data=subpath(input.manifest, parent=True),
        record=segmentation.predictions_record,
        arguments=segmentation.predictions_arguments,
    shell:
        "python -m segmodel score-predictions --predictions {input.predictions:q} --data {params.data}"
        " --output {output} --record {params.record:q} {params.arguments:q} &> {log}"


rule show_predictions:
    input:
        evaluations=segmentation.shown_evaluations,
        images=expand("<benchmark>/data/{target}/raw", target=config["targets"]),
        labels=expand("<benchmark>/data/{target}/labels", target=config["targets"]),
        manifests=expand("<benchmark>/data/{target}/manifest.csv", target=config["targets"]),
    output:
        report(
            "results/figures/predictions_{model}.png",
            caption="../report/predictions.rst",
            category="Domain generalisation",
            labels={"result": "predictions of {model}", "format": "figure"},
        ),
    log:
        "<benchmark>/logs/show_predictions/{model}.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        evaluations=input_list("evaluations"),
        targets=segmentation.shown_targets,
    shell:
        "python -m segmodel show-predictions --evaluations {params.evaluations:q} --targets {params.targets:q}"
        " --output {output} &> {log}"
