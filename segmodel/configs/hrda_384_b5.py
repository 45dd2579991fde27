"""HRDA as in hrda_b5.py, with the smaller detail crop of the published baseline with SHADE (to fit into 24 GB).

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/hrda_384/extension_hrda/seed0/weights.safetensors
Hardware: one GPU with at least 24 GB.
Expect:   published mIoU over Cityscapes, BDD100K, Mapillary: 55.90 source only, with SHADE, three seeds (P3 in
          docs/published_rows.md).

Inference windows of the detail are as large as the crop, with half of it as stride.
"""

_base_ = "hrda_b5.py"

model = dict(detail_crop=(384, 384))
