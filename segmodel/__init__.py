"""The segmentation models of the DGInStyle benchmark, built on mmsegmentation."""

import warnings

# No model here uses the compiled operator that mmcv looks for.
warnings.filterwarnings("ignore", message="Fail to import ``MultiScaleDeformableAttention``")
