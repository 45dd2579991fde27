"""Segmentation models: mmsegmentation's, plus DAFormer, HRDA and others registered with it."""

from segmodel.models import daformer, deeplabv2, hrda, mit, segformer, segmentor  # noqa: F401 (registers the models)
from segmodel.models.building import build_model, build_untrained, load_model, load_trained, read_config

__all__ = ["build_model", "build_untrained", "load_model", "load_trained", "read_config"]
