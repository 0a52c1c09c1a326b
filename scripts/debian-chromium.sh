#!/usr/bin/env bash
# Puts Debian's headless Chromium into .cache/chromium, with a starter .cache/chromium/chromium. It and the libraries
# that it lacks here are unpacked, not installed: that needs no root and leaves the system as it was; so does the private
# copy of the package lists. Exit code 1, with apt's last line, where there is no apt-get or nothing to download from.
set -euo pipefail
cd "$(dirname "$0")/.."

place=$PWD/.cache/chromium
runs() { "$place/chromium" --version; }

runs >/dev/null 2>&1 && exit 0
command -v apt-get >/dev/null && command -v dpkg >/dev/null || { echo "no apt-get here" >&2; exit 1; }

apt() { apt-get -qq -o Dir::State::Lists="$place/lists" -o Dir::Cache="$place/apt" -o Debug::NoLocking=1 "$@"; }
mkdir -p "$place/lists/partial" "$place/apt/archives/partial" "$place/root"
log=$place/apt/log
if ! { apt update && apt --download-only --no-install-recommends --yes install chromium-headless-shell; } >"$log" 2>&1; then
    tail -n 1 "$log" >&2
    exit 1
fi
for package in "$place"/apt/archives/*.deb; do
    dpkg -x "$package" "$place/root"
done
rm -r "$place/apt" "$place/lists"
libraries=$(find "$place/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)
cat >"$place/chromium" <<END
#!/bin/sh
LD_LIBRARY_PATH="$libraries" exec "$place/root/usr/lib/chromium/chromium-headless-shell" "\$@"
END
chmod +x "$place/chromium"
runs >/dev/null
