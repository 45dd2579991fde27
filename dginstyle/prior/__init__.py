"""The mini prior: a small latent diffusion model with the same diffusers classes as Stable Diffusion 1.5.

It is pretrained on captioned photographs of the mini world, without labels, and shipped in ``resources/mini_prior``;
``snakemake rebuild_prior`` retrains it.
"""
