rule ablations:
    input:
        "results/ablations.csv",
        "results/ablations_leaderboard.html",
        "results/figures/ablations.png",
        "results/ablations_quality.csv" if config["quality"] else [],
        "<benchmark>/ablation_invariants.json",
        expand("results/figures/samples_{generator}.png", generator=used_generators(config, config["training_sets"])),
    localrule: True


rule compare_ablations:
    input:
        segmentation.evaluations(config["training_sets"]),
    output:
        report(
            "results/ablations.csv",
            caption="../report/ablations.rst",
            category="Ablations",
            labels={"result": "every training set", "format": "csv"},
        ),
    log:
        "<benchmark>/logs/compare_ablations.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        evaluations=input_list(),
        oracle=argument("oracle", config["oracle"]),
        options=segmentation.table_options(),
    shell:
        "python -m segmodel compare-ablations --evaluations {params.evaluations:q} {params.oracle:q}"
        " --output {output} --options {params.options:q} &> {log}"


use rule rank_methods as rank_ablations with:
    input:
        segmentation.evaluations(config["training_sets"]),
    output:
        report(
            "results/ablations_leaderboard.csv",
            caption="../report/leaderboard.rst",
            category="Ablations",
            labels={"result": "leaderboard", "format": "csv"},
        ),
    log:
        "<benchmark>/logs/rank_ablations.log",


use rule draw_figures as draw_ablations with:
    input:
        tables="results/ablations.csv",
        conditions=[],
        quality=[],
    output:
        first="results/figures/ablations.svg",
        png=report(
            "results/figures/ablations.png",
            caption="../report/ablations.rst",
            category="Ablations",
            labels={"result": "every training set", "format": "figure"},
        ),
    log:
        "<benchmark>/logs/draw_ablations.log",
