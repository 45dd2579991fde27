"""Command line of the segmentation models: ``python -m segmodel VERB``."""

import importlib
import sys

from jsonargparse import auto_cli

VERBS = {
    "train": "segmodel.training.train:train",
    "evaluate": "segmodel.evaluation.evaluate:evaluate",
    "import-checkpoint": "segmodel.models.import_checkpoint:import_checkpoint",
    "predict": "segmodel.evaluation.predict:predict",
    "show-predictions": "segmodel.evaluation.show_predictions:show_predictions",
    "judge": "segmodel.evaluation.quality:judge",
    "compare-sets": "segmodel.tables.quality:compare_sets",
    "compare-ablations": "segmodel.tables.ablations:compare_ablations",
    "plot-ablations": "segmodel.tables.ablation_figure:plot_ablations",
    "summarise": "segmodel.tables.summarise:summarise",
    "plot-gains": "segmodel.tables.figures:plot_gains",
}


def main(arguments: list[str]) -> None:
    """Call the verb that the first argument names; only its module is imported, so tables do not wait for torch."""
    verb = arguments[0] if arguments else ""
    if verb not in VERBS:
        sys.exit(f"usage: python -m segmodel {{{','.join(VERBS)}}} [--help | options]")
    module, function = VERBS[verb].split(":")
    call = getattr(importlib.import_module(module), function)
    auto_cli(call, args=arguments[1:], prog=f"python -m segmodel {verb}", as_positional=False)


if __name__ == "__main__":
    main(sys.argv[1:])
