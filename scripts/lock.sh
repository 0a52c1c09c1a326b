#!/usr/bin/env bash
# Writes constraints.txt: the exact versions that a fresh environment with all extras resolves to today.
# torch keeps the version that is there (its newest is a CUDA build of several GB); NVIDIA's packages, which only some
# platforms take, and local version labels (+cpu) are dropped.
set -euo pipefail
cd "$(dirname "$0")/.."

torch=$(grep '^torch==' constraints.txt)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "$torch" ".[dev,neural,serving]"
{
    echo "# Exact versions that the tests passed with. Written by \`make lock\`; change pyproject.toml, not this file."
    "$work/venv/bin/pip" list --disable-pip-version-check --format=freeze |
        grep -viE '^(tidegauge|pip|setuptools|triton|nvidia-.*|cuda-.*)==' | sed 's/+[a-z0-9.]*$//' | LC_ALL=C sort -f
} >"$work/constraints.txt"
cp "$work/constraints.txt" constraints.txt
