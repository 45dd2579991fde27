"""The segmentation models of the DGInStyle benchmark, built on mmsegmentation."""
