rule render_packages:
    output:
        directory("<benchmark>/publishers/{dataset}"),
    log:
        "<benchmark>/logs/render_packages/{dataset}.log",
    benchmark:
        "<benchmark>/benchmarks/render_packages/{dataset}.tsv"
    conda:
        "../envs/data.yaml"
    params:
        options=acquisition.publisher_options,
        seed=config["seed"],
    shell:
        "python -m dginstyle render-packages --publisher {wildcards.dataset} --output {output}"
        " --options {params.options:q} --seed {params.seed} &> {log}"


rule survey_packages:
    output:
        "<benchmark>/packages/{dataset}.json",
    log:
        "<benchmark>/logs/survey_packages/{dataset}.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    resources:
        download=1,
    params:
        urls=acquisition.package_urls,
        folder=f"{BENCHMARK}/packages/{{dataset}}",
    shell:
        "python -m dginstyle survey --urls {params.urls:q} --folder {params.folder} --output {output} &> {log}"


rule fetch_package:
    input:
        package_origins,
        ancient(acquisition.survey),
    output:
        "<benchmark>/packages/{dataset}/{package}",
    log:
        "<benchmark>/logs/fetch_package/{dataset}/{package}.log",
    benchmark:
        "<benchmark>/benchmarks/fetch_package/{dataset}/{package}.tsv"
    retries: 2
    localrule: True
    conda:
        "../envs/data.yaml"
    resources:
        download=1,
    params:
        arguments=acquisition.fetch_arguments,
    shell:
        "python -m dginstyle fetch {params.arguments:q} --output {output:q} &> {log:q}"


rule extract_packages:
    input:
        acquisition.package_files,
    output:
        directory("<benchmark>/data/{dataset}/raw"),
    log:
        "<benchmark>/logs/extract_packages/{dataset}.log",
    benchmark:
        "<benchmark>/benchmarks/extract_packages/{dataset}.tsv"
    conda:
        "../envs/data.yaml"
    resources:
        runtime=240,
    params:
        packages=input_list(),
    shell:
        "python -m dginstyle extract --packages {params.packages:q} --output {output} &> {log}"


rule convert_labels:
    input:
        "<benchmark>/data/{dataset}/raw",
    output:
        labels=directory("<benchmark>/data/{dataset}/labels"),
        manifest="<benchmark>/data/{dataset}/manifest.csv",
        report="<benchmark>/data/{dataset}/report.json",
        statistics="<benchmark>/data/{dataset}/sample_class_stats.json",
        statistics_by_file="<benchmark>/data/{dataset}/sample_class_stats_dict.json",
        files_by_class="<benchmark>/data/{dataset}/samples_with_class.json",
    log:
        "<benchmark>/logs/convert_labels/{dataset}.log",
    benchmark:
        "<benchmark>/benchmarks/convert_labels/{dataset}.tsv"
    conda:
        "../envs/data.yaml"
    threads: config["threads"]["convert"]
    resources:
        mem_mb=jobs.mem_mb("convert_labels"),
        runtime=jobs.runtime("convert_labels"),
    params:
        adapter=acquisition.adapter,
        split=acquisition.split,
        folder=subpath(output.manifest, parent=True),
        options=acquisition.conversion_options,
    shell:
        "python -m dginstyle convert --adapter {params.adapter:q} --raw {input} --split {params.split}"
        " --output {params.folder} --options {params.options:q} --processes {threads} &> {log}"


rule tabulate_sets:
    input:
        expand("<benchmark>/data/{dataset}/report.json", dataset=tabulated_sets(config)),
    output:
        table="<benchmark>/data/data_sets.csv",
        page=report(
            "<benchmark>/data/data_sets.html",
            caption="../report/data_sets.rst",
            category="Data sets",
            labels={"result": "pairs, sizes, classes, skipped files"},
        ),
    log:
        "<benchmark>/logs/tabulate_sets.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        reports=acquisition.reports_by_set,
    shell:
        "python -m dginstyle tabulate-sets --reports {params.reports:q} --table {output.table} --page {output.page}"
        " &> {log}"


rule compute_class_probabilities:
    input:
        "<source>/sample_class_stats.json",
    output:
        "<source>/rcs_probabilities.json",
    log:
        "<benchmark>/logs/compute_class_probabilities.log",
    conda:
        "../envs/data.yaml"
    params:
        temperature=config["rare_class_sampling"]["temperature"],
    shell:
        "python -m dginstyle rcs-probabilities --statistics {input} --output {output}"
        " --temperature {params.temperature} &> {log}"
