# Cards stand beside what they describe, in <benchmark>/cards: one more file among weights or images would make all that
# is made from them stale.
CARDS = publication.cards()


rule cards:
    input:
        CARDS,
    localrule: True


rule write_network_card:
    input:
        weights="<benchmark>/models/{network}",
        summary="results/dg_miou_summary.csv",
        quality="results/quality.csv" if config["quality"] else [],
    output:
        "<benchmark>/cards/models/{network}.md",
    log:
        "<benchmark>/logs/write_network_card/{network}.log",
    wildcard_constraints:
        network="|".join(TRAININGS),
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        facts=publication.network_facts,
        quality=publication.quality_argument,
        starts=f"{BENCHMARK}/state/{{network}}/logs/runs.jsonl",
    shell:
        "python -m dginstyle write-network-card --network {wildcards.network} --weights {input.weights}"
        " --facts {params.facts:q} --summary {input.summary} {params.quality:q} --starts {params.starts:q}"
        " --output {output} &> {log}"


rule write_set_card:
    input:
        metadata="<benchmark>/generated/{generator}/metadata.jsonl",
        summary="results/dg_miou_summary.csv",
        quality="results/quality.csv" if config["quality"] else [],
    output:
        "<benchmark>/cards/generated/{generator}.md",
    log:
        "<benchmark>/logs/write_set_card/{generator}.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        folder=subpath(input.metadata, parent=True),
        facts=publication.set_facts,
        quality=publication.quality_argument,
    shell:
        "python -m dginstyle write-set-card --generated {params.folder} --facts {params.facts:q}"
        " --summary {input.summary} {params.quality:q} --output {output} &> {log}"


rule write_model_card:
    input:
        weights=publication.weights,
        summary="results/dg_miou_summary.csv",
    output:
        "<benchmark>/cards/segmentation/{model}.md",
    log:
        "<benchmark>/logs/write_model_card/{model}.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        records=publication.records,
        facts=publication.model_facts,
    shell:
        "python -m segmodel write-card --model {wildcards.model} --records {params.records:q}"
        " --summary {input.summary} --facts {params.facts:q} --output {output} &> {log}"


rule galleries:
    input:
        expand("<benchmark>/galleries/{generator}.html", generator=used_generators(config, table_sets(config))),
    localrule: True


rule gallery:
    input:
        metadata="<benchmark>/generated/{generator}/metadata.jsonl",
        images=generation.set_folders,
    output:
        "<benchmark>/galleries/{generator}.html",
    log:
        "<benchmark>/logs/gallery/{generator}.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        folder=subpath(input.metadata, parent=True),
    shell:
        "python -m dginstyle gallery --generated {params.folder} --output {output} &> {log}"


rule export_sets:
    input:
        expand("<benchmark>/exported/{generator}", generator=publication.sets()),
    localrule: True


# A folder that `datasets.load_dataset` reads; its images are links to the generated ones.
rule export_set:
    input:
        metadata="<benchmark>/generated/{generator}/metadata.jsonl",
        card="<benchmark>/cards/generated/{generator}.md",
    output:
        directory("<benchmark>/exported/{generator}"),
    log:
        "<benchmark>/logs/export_set/{generator}.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        folder=subpath(input.metadata, parent=True),
        facts=publication.set_facts,
    shell:
        "python -m dginstyle export-set --generated {params.folder} --card {input.card} --facts {params.facts:q}"
        " --output {output} &> {log}"


rule publish:
    input:
        publication.uploads(),
    localrule: True


# A failed upload fails its rule alone: what it was to publish, and everything made from that, stays.
rule publish_network:
    input:
        folder="<benchmark>/models/{network}",
        card="<benchmark>/cards/models/{network}.md",
    output:
        "<benchmark>/published/models/{network}.json",
    log:
        "<benchmark>/logs/publish_network/{network}.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        kind="model",
        place=given_folder,
        files=folder_files,
        repository=publication.network_repository,
    shell:
        "python -m dginstyle publish --kind {params.kind:q} --files {params.files:q} --card {input.card}"
        " --place {params.place:q} --repository {params.repository:q} --output {output} &> {log}"


use rule publish_network as publish_set with:
    input:
        folder="<benchmark>/exported/{generator}",
        card="<benchmark>/cards/generated/{generator}.md",
    output:
        "<benchmark>/published/generated/{generator}.json",
    log:
        "<benchmark>/logs/publish_set/{generator}.log",
    params:
        kind="dataset",
        place=given_folder,
        files=folder_files,
        repository=publication.set_repository,


use rule publish_network as publish_model with:
    input:
        weights=publication.weights,
        card="<benchmark>/cards/segmentation/{model}.md",
    output:
        "<benchmark>/published/segmentation/{model}.json",
    log:
        "<benchmark>/logs/publish_model/{model}.log",
    params:
        kind="model",
        place=f"{BENCHMARK}/segmentation/{{model}}",
        files=model_files,
        repository=publication.model_repository,
