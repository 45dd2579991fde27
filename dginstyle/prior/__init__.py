"""The mini prior: a small latent diffusion model of the same diffusers classes as Stable Diffusion 1.5.

It is pretrained on the mini world's captioned photographs, without labels, and shipped in ``resources/mini_prior``;
``snakemake rebuild_prior`` makes it again.
"""
