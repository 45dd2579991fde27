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
    conda:
        "../envs/torch.yaml"
    threads: config["threads"]["evaluate"]
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        data=subpath(input.manifest, parent=True),
        record=evaluation_record,
        options=lambda wildcards: options(config["evaluation"][wildcards.target]),
    shell:
        "python -m segmodel evaluate --model {wildcards.model} --weights {input.weights} --data {params.data}"
        " --output {output} --record {params.record:q} --options {params.options:q} &> {log}"
