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
    "list-conditions": "dginstyle.miniworld.conditions:list_conditions",
    "rcs-probabilities": "dginstyle.rare_class_sampling:rcs_probabilities",
    "train-prior": "dginstyle.prior.train:train_prior",
    "draw-prior": "dginstyle.prior.draw:draw_prior",
    "train-dreambooth": "dginstyle.training.dreambooth:train_dreambooth",
    "train-controlnet": "dginstyle.training.controlnet:train_controlnet",
    "download-prior": "dginstyle.diffusion.download_prior:download_prior",
    "download-network": "dginstyle.diffusion.download_network:download_network",
    "import-network": "dginstyle.diffusion.import_network:import_network",
    "write-network-card": "dginstyle.cards.networks:write_network_card",
    "write-set-card": "dginstyle.cards.generated:write_set_card",
    "gallery": "dginstyle.cards.gallery:gallery",
    "export-set": "dginstyle.cards.export:export_set",
    "publish": "dginstyle.cards.publish:publish",
    "draw-list": "dginstyle.generation.list:draw_list",
    "generate-shard": "dginstyle.generation.generate:generate_shard",
    "demo": "dginstyle.demo:demo",
    "gather": "dginstyle.generation.gather:gather",
    "import-generated": "dginstyle.generation.imported:import_generated",
    "build-training-set": "dginstyle.datasets.training_set:build_training_set",
    "plot-samples": "dginstyle.generation.samples:plot_samples",
}

if __name__ == "__main__":
    run_verb("python -m dginstyle", VERBS, sys.argv[1:])
