#!/usr/bin/env bash
# Builds what an image holds, an environment with Tidegauge in it, as the Dockerfile and the tests of the image do:
#
#   scripts/image.sh FOLDER [EXTRA]
#
# Wheels are built first and nothing else is installed: what stands in the image is what is released. Versions are those
# of constraints.txt. Tests of libraries are left out, a sixth of the size; what only builds and tests is never there.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:?a folder for the environment} extra=${2:+[$2]}
python=${PYTHON:-python3}

wheels=$(mktemp -d)
trap 'rm -r "$wheels"' EXIT
"$python" -m pip wheel --quiet --disable-pip-version-check --constraint constraints.txt --wheel-dir "$wheels" ".$extra"
if compgen -G "$wheels/nvidia_*" >/dev/null; then
    echo "this torch is built for CUDA, gigabytes of it: name an index of CPU builds in PIP_EXTRA_INDEX_URL" >&2
    exit 1
fi
"$python" -m venv --without-pip "$target"
"$python" -m pip --python "$target/bin/python" install --quiet --disable-pip-version-check --no-index --find-links "$wheels" \
    "tidegauge$extra"
find "$target" -type d -name tests -path '*/site-packages/*' -prune -exec rm -r {} +
chmod -R a+rX "$target"
