"""Filters of generated sets: what of their labels and images a training uses, as a judge model sees them."""
