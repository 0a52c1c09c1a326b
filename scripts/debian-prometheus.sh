#!/usr/bin/env bash
# Puts Debian's prometheus, promtool, prometheus-alertmanager and amtool into .cache/debian/usr/bin. The packages are
# unpacked, not installed: that needs no root, starts no service and leaves the system as it was; so does the private copy
# of the package lists.
# Exit code 1, with apt's last line, where there is no apt-get or nothing to download from.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=$PWD/.cache
runs() {
    local program
    for program in prometheus promtool prometheus-alertmanager amtool; do
        "$cache/debian/usr/bin/$program" --version || return 1
    done
}

runs >"/dev/null" 2>&1 && exit 0
command -v apt-get >/dev/null && command -v dpkg >/dev/null || { echo "no apt-get here" >&2; exit 1; }

apt() { apt-get -qq -o Dir::State::Lists="$cache/apt/lists" -o Dir::Cache="$cache/apt" "$@"; }
mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial" "$cache/debian"
log=$cache/apt/log
if ! (cd "$cache/apt" && apt update && apt download prometheus prometheus-alertmanager) >"$log" 2>&1; then
    tail -n 1 "$log" >&2
    exit 1
fi
for package in "$cache"/apt/prometheus*.deb; do
    dpkg -x "$package" "$cache/debian"
done
rm -r "$cache/apt"
runs >/dev/null
