import time

import terminal

started = time.time()

RESULTS = [
    "results/dg_miou.csv",
    "results/dg_miou_classes.csv",
    "results/dg_miou_summary.html",
    *(["results/dg_miou_conditions.csv"] if CONDITIONS else []),
    "results/dg_miou_summary.tex",
    "results/leaderboard.html",
    *expand("results/figures/{name}.png", name=FIGURES),
    *expand("results/figures/predictions_{model}.png", model=evaluated_models(config)),
    *expand("results/figures/samples_{generator}.png", generator=used_generators(config, table_sets(config))),
    "<benchmark>/data/data_sets.html",
    "results/curves",
    *(["results/quality.csv"] if config["quality"] else []),
    "<benchmark>/invariants.json",
]


rule check_run:
    input:
        table="results/dg_miou.csv",
        evaluations=segmentation.evaluations(table_sets(config)),
        judge=quality.weights(),
        sets=expand("<benchmark>/data/{dataset}/report.json", dataset=tabulated_sets(config)),
    output:
        "<benchmark>/invariants.json",
    log:
        "<benchmark>/logs/check_run.log",
    conda:
        "../envs/data.yaml"
    resources:
        runtime=240,
    params:
        benchmark=config["benchmark"],
        run=reporting.run,
    shell:
        "python -m segmodel check-run --results results --benchmark {params.benchmark} --run {params.run:q}"
        " --table $(basename {input.table:q}) --output {output} &> {log}"


use rule check_run as check_ablations with:
    input:
        table="results/ablations.csv",
        evaluations=segmentation.evaluations(config["training_sets"]),
        judge=quality.weights(),
        sets=expand("<benchmark>/data/{dataset}/report.json", dataset=tabulated_sets(config, config["training_sets"])),
    output:
        "<benchmark>/ablation_invariants.json",
    log:
        "<benchmark>/logs/check_ablations.log",
    params:
        benchmark=config["benchmark"],
        run=reporting.ablations,


rule render_report:
    input:
        RESULTS,
    output:
        "results/report.html",
    log:
        "<benchmark>/logs/render_report.log",
    localrule: True
    conda:
        "../envs/report.yaml"
    params:
        benchmark=config["benchmark"],
        run=reporting.run,
    shell:
        "python -m segmodel render-report --results results --benchmark {params.benchmark} --run {params.run:q}"
        " --output {output} &> {log}"


# The RO-Crate whose root is results/: what was run, with which inputs, and what came out.
rule describe_run:
    input:
        RESULTS,
        CARDS,
        ancient("results/report.html"),  # DVC changes its time; with the same results, it is the same page
    output:
        crate="results/ro-crate-metadata.json",
        workflow=directory("<benchmark>/workflow"),
    log:
        "<benchmark>/logs/describe_run.log",
    localrule: True
    conda:
        "../envs/report.yaml"
    params:
        benchmark=config["benchmark"],
        workflow=os.path.relpath(REPOSITORY / "workflow"),
        run=reporting.run,
    shell:
        "python -m segmodel describe-run --results results --benchmark {params.benchmark}"
        " --workflow {params.workflow:q} --run {params.run:q} --output {output.crate} &> {log}"


# Without inputs and outputs: the page of whatever exists, also while a run is going on.
rule refresh_report:
    log:
        "<benchmark>/logs/refresh_report.log",
    localrule: True
    conda:
        "../envs/report.yaml"
    params:
        benchmark=config["benchmark"],
        run=reporting.run,
    shell:
        "python -m segmodel render-report --results results --benchmark {params.benchmark} --run {params.run:q}"
        " --output results/report.html &> {log}"


onsuccess:
    if not workflow.touch:
        print(terminal.closing(Path("results"), config["benchmark"], started), file=sys.stderr)


onerror:
    print("`make report` shows what exists so far, in results/report.html.", file=sys.stderr)
