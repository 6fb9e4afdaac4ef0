#!/bin/sh
# packages.sh required|optional PACKAGE…
# Installs missing Debian packages when it may; otherwise says exactly what to install. With
# "required" a package that stays missing is a failure.
set -u
mode=$1
shift
missing=
for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

install() {
    DEBIAN_FRONTEND=noninteractive "$@" apt-get -qq update &&
        DEBIAN_FRONTEND=noninteractive "$@" apt-get -qq install -y --no-install-recommends $missing >/dev/null
}

echo "Installing Debian packages:$missing"
if [ "$(id -u)" = 0 ]; then
    install env && exit 0
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    install sudo env && exit 0
fi
echo "Could not install them. Please run: apt-get install --no-install-recommends$missing" >&2
[ "$mode" = optional ]
