"""Command line of the segmentation models: ``python -m segmodel VERB``."""

import sys

from segmodel.cli import run_verb

VERBS = {
    "download-encoder": "segmodel.models.download_encoder:download_encoder",
    "draw-encoder": "segmodel.models.draw_encoder:draw_encoder",
    "train": "segmodel.training.train:train",
    "evaluate": "segmodel.evaluation.evaluate:evaluate",
    "score-predictions": "segmodel.evaluation.score_predictions:score_predictions",
    "import-checkpoint": "segmodel.models.import_checkpoint:import_checkpoint",
    "predict": "segmodel.evaluation.predict:predict",
    "show-predictions": "segmodel.evaluation.show_predictions:show_predictions",
    "measure-quality": "segmodel.evaluation.quality:measure_quality",
    "judge-images": "segmodel.filtering.judge:judge_images",
    "filter-shard": "segmodel.filtering.filter:filter_shard",
    "gather-filtered": "segmodel.filtering.gather:gather_filtered",
    "tabulate-quality": "segmodel.tables.quality:tabulate_quality",
    "compare-classes": "segmodel.tables.classes:compare_classes",
    "compare-conditions": "segmodel.tables.conditions:compare_conditions",
    "rank-methods": "segmodel.tables.leaderboard:rank_methods",
    "render-leaderboard": "segmodel.report.leaderboard:render_leaderboard",
    "compare-ablations": "segmodel.tables.ablations:compare_ablations",
    "check-run": "segmodel.integrity.check:check_run",
    "render-report": "segmodel.report.render:render_report",
    "write-card": "segmodel.report.card:write_card",
    "describe-run": "segmodel.report.crate:describe_run",
    "summarise": "segmodel.tables.summarise:summarise",
    "render-summary": "segmodel.tables.page:render_summary",
    "write-latex": "segmodel.tables.latex:write_latex",
    "tabulate-curves": "segmodel.report.curves:tabulate_curves",
    "draw-figures": "segmodel.report.figures:draw_figures",
}

if __name__ == "__main__":
    run_verb("python -m segmodel", VERBS, sys.argv[1:])
