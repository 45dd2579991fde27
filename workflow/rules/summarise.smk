CONDITIONS = targets_with_conditions(config)
FIGURES = [
    "gains",
    "scores",
    "classes",
    *(["conditions"] if CONDITIONS else []),
    *(["quality"] if config["quality"] else []),
]


rule summarise_evaluations:
    input:
        segmentation.evaluations(table_sets(config)),
    output:
        table=report(
            "results/dg_miou.csv",
            caption="../report/table.rst",
            category="Domain generalisation",
            labels={"result": "every evaluation", "format": "csv"},
        ),
        summary=report(
            "results/dg_miou_summary.csv",
            caption="../report/summary.rst",
            category="Domain generalisation",
            labels={"result": "summary", "format": "csv"},
        ),
        gains=report(
            "results/dg_miou_gains.csv",
            caption="../report/gains_table.rst",
            category="Domain generalisation",
            labels={"result": "gains", "format": "csv"},
        ),
        page="results/dg_miou_summary.md",
        metrics="results/metrics.json",
    log:
        "<benchmark>/logs/summarise_evaluations.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        evaluations=input_list(),
        folder=subpath(output.table, parent=True),
        options=segmentation.table_options("note"),
    shell:
        "python -m segmodel summarise --evaluations {params.evaluations:q} --output {params.folder}"
        " --options {params.options:q} &> {log}"


# Imported models and predictions only, so that nothing is trained.
use rule summarise_evaluations as existing_results with:
    input:
        segmentation.evaluations([]),
    output:
        table="results/existing_results/dg_miou.csv",
        summary="results/existing_results/dg_miou_summary.csv",
        gains="results/existing_results/dg_miou_gains.csv",
        page="results/existing_results/dg_miou_summary.md",
        metrics="results/existing_results/metrics.json",
    log:
        "<benchmark>/logs/existing_results.log",


rule compare_classes:
    input:
        segmentation.evaluations(table_sets(config)),
    output:
        report(
            "results/dg_miou_classes.csv",
            caption="../report/classes.rst",
            category="Domain generalisation",
            labels={"result": "gains per class", "format": "csv"},
        ),
    log:
        "<benchmark>/logs/compare_classes.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        evaluations=input_list(),
        options=segmentation.table_options(),
    shell:
        "python -m segmodel compare-classes --evaluations {params.evaluations:q} --output {output}"
        " --options {params.options:q} &> {log}"


rule rank_methods:
    input:
        segmentation.evaluations(table_sets(config)),
    output:
        report(
            "results/leaderboard.csv",
            caption="../report/leaderboard.rst",
            category="Domain generalisation",
            labels={"result": "leaderboard", "format": "csv"},
        ),
    log:
        "<benchmark>/logs/rank_methods.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        evaluations=input_list(),
        options=segmentation.table_options(),
    shell:
        "python -m segmodel rank-methods --evaluations {params.evaluations:q} --output {output}"
        " --options {params.options:q} &> {log}"


rule render_leaderboard:
    input:
        "results/{table}.csv",
    output:
        report(
            "results/{table}.html",
            caption="../report/leaderboard.rst",
            category="Domain generalisation",
            labels={"result": "{table}", "format": "page"},
        ),
    log:
        "<benchmark>/logs/render_leaderboard/{table}.log",
    wildcard_constraints:
        table="(ablations_)?leaderboard",
    localrule: True
    conda:
        "../envs/report.yaml"
    shell:
        "python -m segmodel render-leaderboard --table {input} --output {output} &> {log}"


rule list_conditions:
    input:
        "<benchmark>/data/{target}/manifest.csv",
    output:
        "<benchmark>/data/{target}/conditions.csv",
    log:
        "<benchmark>/logs/list_conditions/{target}.log",
    conda:
        "../envs/data.yaml"
    params:
        data=subpath(input[0], parent=True),
        arguments=acquisition.condition_arguments,
    shell:
        "python -m dginstyle list-conditions --data {params.data} --output {output} {params.arguments:q} &> {log}"


rule compare_conditions:
    input:
        evaluations=segmentation.evaluations(table_sets(config)),
        conditions=expand("<benchmark>/data/{target}/conditions.csv", target=CONDITIONS),
    output:
        report(
            "results/dg_miou_conditions.csv",
            caption="../report/conditions.rst",
            category="Domain generalisation",
            labels={"result": "gains per condition", "format": "csv"},
        ),
    log:
        "<benchmark>/logs/compare_conditions.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        evaluations=input_list("evaluations"),
        conditions=segmentation.conditions_by_target,
        options=segmentation.table_options(),
    shell:
        "python -m segmodel compare-conditions --evaluations {params.evaluations:q}"
        " --conditions {params.conditions:q} --output {output} --options {params.options:q} &> {log}"


rule render_summary:
    input:
        "results/dg_miou_summary.md",
    output:
        report(
            "results/dg_miou_summary.html",
            caption="../report/summary.rst",
            category="Domain generalisation",
            labels={"result": "summary", "format": "page"},
        ),
    log:
        "<benchmark>/logs/render_summary.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    shell:
        "python -m segmodel render-summary --text {input} --output {output} &> {log}"


rule write_latex:
    input:
        "results/dg_miou_summary.csv",
    output:
        "results/dg_miou_summary.tex",
    log:
        "<benchmark>/logs/write_latex.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    shell:
        "python -m segmodel write-latex --table {input} --output {output} &> {log}"


# For `dvc plots`; the report reads the logs itself.
rule tabulate_curves:
    input:
        segmentation.trained_weights(table_sets(config)),
    output:
        directory("results/curves"),
    log:
        "<benchmark>/logs/tabulate_curves.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        logs=segmentation.training_logs(),
    shell:
        "python -m segmodel tabulate-curves --logs {params.logs:q} --output {output} &> {log}"


rule draw_figures:
    input:
        "results/dg_miou.csv",
        tables=["results/dg_miou_gains.csv", "results/dg_miou_summary.csv", "results/dg_miou_classes.csv"],
        conditions="results/dg_miou_conditions.csv" if CONDITIONS else [],
        quality="results/quality.csv" if config["quality"] else [],
    output:
        expand("results/figures/{name}.svg", name=FIGURES[1:]),
        first="results/figures/gains.svg",
        png=report(
            expand("results/figures/{name}.png", name=FIGURES),
            caption="../report/figures.rst",
            category="Figures",
        ),
    log:
        "<benchmark>/logs/draw_figures.log",
    localrule: True
    conda:
        "../envs/report.yaml"
    params:
        tables=input_list("tables", "conditions", "quality"),
        folder=subpath(output.first, parent=True),
        baseline=config["baseline"],
    shell:
        "python -m segmodel draw-figures --tables {params.tables:q} --output {params.folder}"
        " --baseline {params.baseline} &> {log}"
