"""Command line of the data generator: ``python -m dginstyle VERB``."""

import sys

from dginstyle.cli import run_verb

VERBS = {
    "render-packages": "dginstyle.miniworld.packages:render_packages",
    "survey": "dginstyle.datasets.survey:survey",
    "fetch": "dginstyle.datasets.fetch:fetch",
    "extract": "dginstyle.datasets.extract:extract",
    "convert": "dginstyle.datasets.convert:convert",
    "tabulate-sets": "dginstyle.datasets.overview:tabulate_sets",
    "rcs-probabilities": "dginstyle.sampling:rcs_probabilities",
    "train-prior": "dginstyle.prior.train:train_prior",
    "train-dreambooth": "dginstyle.dreambooth:train_dreambooth",
    "train-controlnet": "dginstyle.controlnet:train_controlnet",
    "draw-list": "dginstyle.generation_list:draw_list",
    "generate": "dginstyle.generate_shard:generate_shard",
    "render-shard": "dginstyle.render_shard:render_shard",
    "recolour-shard": "dginstyle.recolour_shard:recolour_shard",
    "demo": "dginstyle.demo:demo",
    "gather": "dginstyle.gather:gather",
    "build-training-set": "dginstyle.training_set:build_training_set",
    "plot-samples": "dginstyle.figures:plot_samples",
}

if __name__ == "__main__":
    run_verb("python -m dginstyle", VERBS, sys.argv[1:])
