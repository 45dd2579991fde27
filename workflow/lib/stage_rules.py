"""The rules that a stage of DVC may run, by kind of stage, and the tables and pages that the last stage makes."""

LEADERBOARD = ("leaderboard.csv", "leaderboard.html")
SUMMARIES = ("classes.csv", "gains.csv", "summary.csv", "summary.md", "summary.html", "summary.tex")
RESULTS = (
    *("dg_miou.csv", *(f"dg_miou_{name}" for name in SUMMARIES), *LEADERBOARD),
    *("report.html", "ro-crate-metadata.json"),
)

RULES = {
    "download_prior": ("download_prior",),
    "prior": ("train_prior",),
    "rendered_data": ("render_packages", "fetch_package", "extract_packages"),
    "data": ("survey_packages", "fetch_package", "extract_packages"),
    "statistics": ("convert_labels", "compute_class_probabilities"),
    "dreambooth": ("train_dreambooth",),
    "controlnet": ("train_controlnet",),
    "import_network": ("download_network", "import_network"),
    "generate": ("draw_generation_list", "generate_shard", "gather_shards"),
    "generate_light": ("draw_generation_list", "generate_light_shard", "gather_shards"),
    "import_generated": ("import_generated_set",),
    "training_set": ("build_training_set",),
    "judge": ("judge_shard",),
    "judge_source": ("judge_source",),
    "filter": ("filter_shard", "gather_filtered"),
    "train": ("train_segmentation",),
    "train_from_encoder": ("download_encoder", "train_segmentation"),
    "import_checkpoint": ("survey_packages", "fetch_package", "import_checkpoint"),
    "evaluate": (
        "evaluate_target",
        "score_predictions",
        "measure_quality",
        "tabulate_quality",
        "summarise_evaluations",
        "compare_classes",
        "rank_methods",
        "render_leaderboard",
        "list_conditions",
        "compare_conditions",
        "render_summary",
        "tabulate_sets",
        "write_latex",
        "tabulate_curves",
        "draw_figures",
        "plot_samples",
        "show_predictions",
        "check_run",
        "render_report",
        "write_network_card",
        "write_set_card",
        "write_model_card",
        "describe_run",
    ),
}
"""All other outputs must already exist."""
