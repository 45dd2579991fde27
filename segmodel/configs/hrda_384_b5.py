"""HRDA as in hrda_b5.py, with the smaller detail crop of the published baseline with SHADE (to fit into 24 GB).

Command:  add an entry under models: with this file and the values of models.hrda in config/paper.yaml
Hardware: one GPU with at least 24 GB.
Expect:   published mIoU over Cityscapes, BDD100K, Mapillary: 55.90 source only, with SHADE (three seeds).

Inference windows of the detail are as large as the crop, with half of it as stride.
"""

_base_ = "hrda_b5.py"

model = dict(detail_crop=(384, 384))
