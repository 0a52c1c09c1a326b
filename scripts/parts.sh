#!/usr/bin/env bash
# The real programs that tests talk to. Brings what can be brought without changing the system, then says in one line
# which tests are left out and how to bring them back. With CI=true nothing may be left out: exit code 1.
#
#   prometheus, promtool   PROMETHEUS_BIN (folders, separated by ":"; tests run on each), else PATH, else .cache/debian/usr/bin
#   Kafka                  KAFKA_HOME (folder with libs/*.jar), else .cache/kafka (`make kafka-home`), and Java 17;
#                          without both, the Tansu broker from PyPI stands in, which cannot be restarted
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

has_kafka() {
    command -v java >/dev/null && compgen -G "${KAFKA_HOME:-.cache/kafka}/libs/kafka_*.jar" >/dev/null
}

left_out=()
has_prometheus || left_out+=("prometheus (put prometheus and promtool on PATH or name their folder in PROMETHEUS_BIN)")
has_kafka || left_out+=("kafka_restart (install Java 17, then: make kafka-home)")

if [ ${#left_out[@]} -gt 0 ]; then
    printf -v line '%s; ' "${left_out[@]}"
    echo "Left out, tests marked: ${line%; }"
    [ "${CI:-}" != true ] || { echo "CI=true: nothing may be left out" >&2; exit 1; }
fi
