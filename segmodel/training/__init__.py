"""Training of a segmentation model."""
