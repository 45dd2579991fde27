"""Generation of images: style swap, multi-resolution latent fusion, and the other kinds of generators."""
