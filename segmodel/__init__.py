"""The segmentation models of the DGInStyle benchmark, built on mmsegmentation."""

import warnings

# No model here uses the compiled operator that mmcv looks for.
warnings.filterwarnings("ignore", message="Fail to import ``MultiScaleDeformableAttention``")
# Whether ignored pixels count in the mean is for each model's configuration to say.
warnings.filterwarnings("ignore", message="Default ``avg_non_ignore`` is False")
