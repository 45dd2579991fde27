"""Command line of the segmentation models: ``python -m segmodel VERB``."""

import importlib
import sys

from jsonargparse import auto_cli

VERBS = {
    "train": "segmodel.train:train",
    "evaluate": "segmodel.evaluate:evaluate",
    "import-checkpoint": "segmodel.import_checkpoint:import_checkpoint",
    "predict": "segmodel.predict:predict",
    "show-predictions": "segmodel.show:show_predictions",
    "judge": "segmodel.judge:judge",
    "compare-sets": "segmodel.quality:compare_sets",
    "compare-ablations": "segmodel.ablations:compare_ablations",
    "plot-ablations": "segmodel.ablation_figure:plot_ablations",
    "summarise": "segmodel.summarise:summarise",
    "plot-gains": "segmodel.figures:plot_gains",
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
