"""Image generation: style swap, multi-resolution latent fusion, and the other kinds of generators."""
