"""SegFormer as segformer_b5.py, with the all-linear head of the first publication.

Command:  an entry under models: with this file and the values of models.segformer in config/paper.yaml
Hardware: one GPU of 12 GB or more.
Expect:   not yet measured here.
"""

_base_ = "segformer_b5.py"

model = dict(decode_head=dict(type="LinearSegformerHead"))
