"""The segmentation models of the DGInStyle benchmark, built on mmsegmentation."""

import sys
import warnings

from segmodel.mmengine_imports import WithoutTransformers

sys.meta_path.insert(0, WithoutTransformers)
# mmcv warns about a compiled operator that no model here uses.
warnings.filterwarnings("ignore", message="Fail to import ``MultiScaleDeformableAttention``")
# The training sets avg_non_ignore by its option.
warnings.filterwarnings("ignore", message="Default ``avg_non_ignore`` is False")
