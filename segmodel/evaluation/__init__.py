"""Predictions, confusion matrices, mIoU, and the quality of generated sets."""
