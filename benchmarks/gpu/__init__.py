"""What the benchmark costs on the GPU at hand: see ``benchmarks/gpu.sh``."""
