"""The segmentation models: mmsegmentation's, and those that it lacks, registered beside them."""

from segmodel.models import daformer, deeplabv2, hrda, mit, segformer, segmentor  # noqa: F401 (they fill the registry)
from segmodel.models.building import build_model, build_untrained, load_model, load_trained, read_config

__all__ = ["build_model", "build_untrained", "load_model", "load_trained", "read_config"]
