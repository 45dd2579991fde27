# All downloads are local rules, few at a time, so that the nodes of a cluster need no network.


rule download_prior:
    output:
        directory("<benchmark>/downloads/prior"),
    log:
        "<benchmark>/logs/download_prior.log",
    retries: 2
    localrule: True
    conda:
        "../envs/data.yaml"
    resources:
        download=1,
    params:
        arguments=generation.prior_origin,
    shell:
        "python -m dginstyle download-prior {params.arguments:q} --output {output} &> {log}"


rule download_network:
    output:
        directory("<benchmark>/downloads/{network}"),
    log:
        "<benchmark>/logs/download_network/{network}.log",
    wildcard_constraints:
        network=generation.pretrained(downloaded=True),
    retries: 2
    localrule: True
    conda:
        "../envs/data.yaml"
    resources:
        download=1,
    params:
        options=generation.network_origin,
    shell:
        "python -m dginstyle download-network --network {wildcards.network} --output {output}"
        " --options {params.options:q} &> {log}"


rule download_encoder:
    output:
        "<benchmark>/downloads/encoders/{model}.pth",
    log:
        "<benchmark>/logs/download_encoder/{model}.log",
    retries: 2
    localrule: True
    conda:
        "../envs/torch.yaml"
    resources:
        download=1,
    params:
        config=segmentation.model_config,
    shell:
        "python -m segmodel download-encoder --config {params.config:q} --output {output} &> {log}"
