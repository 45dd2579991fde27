"""Latent diffusion: loading the prior, training on it, sampling from it."""
