"""The data generator of the DGInStyle benchmark (ECCV 2024, arXiv:2312.03048)."""
