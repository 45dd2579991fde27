#!/usr/bin/env bash
# What the paper's benchmark costs on the GPU at hand, and the mini prior trained on it with the time that is left.
# Needs one GPU and no network; 8 minutes.
#
#     benchmarks/gpu.sh FOLDER [--minutes 8] [--parts machine,generation] [--size toy]
#
# Leaves in FOLDER: gpu.md and gpu.json, the measurements; prior/, the mini prior; logs/.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "${PYTHON:-python3}" -m benchmarks.gpu "$@"
