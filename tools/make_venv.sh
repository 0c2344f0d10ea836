#!/bin/sh
# Makes or refreshes the virtual environment given as argument from requirements.lock, with `postroom` in it.
# Needs python3 >= 3.11 with its venv module; on Debian, root gets the missing python3-venv installed.
# The interpreter can be chosen: PYTHON=/path/to/python make setup
set -eu

venv=${1:?usage: make_venv.sh DIRECTORY}
oldest="3, 11"

say() { printf '%s\n' "$*" >&2; }

new_enough() { "$1" -c "import sys; sys.exit(sys.version_info < ($oldest))" 2>/dev/null; }

# How long it computes, in microseconds: the best of several tries.
pace() {
    "$1" - <<'END'
import time


class Box:
    def __init__(self, n):
        self.n = n

    def next(self):
        return self.n + 1


def work():
    begun, sum = time.process_time(), 0
    for n in range(20_000):
        sum += Box(n).next() + len(str(n))
    return time.process_time() - begun


print(round(min(work() for _ in range(15)) * 1e6))
END
}

describe() { "$1" -c 'import platform; print("Python", platform.python_version())'; }

# A Python built at home often lacks optimisation. The system's is taken where it is faster by a quarter.
faster_python() {
    new_enough /usr/bin/python3 || return 1
    [ "$(readlink -f "$1")" != "$(readlink -f /usr/bin/python3)" ] || return 1
    has_ensurepip /usr/bin/python3 || [ "$(id -u)" -eq 0 ] || return 1
    system=$(pace /usr/bin/python3) && other=$(pace "$1") || return 1
    [ $((other * 4)) -gt $((system * 5)) ] || return 1
    say "$1 ($(describe "$1")) takes $((other * 100 / system)) % of the time of /usr/bin/python3 ($(describe /usr/bin/python3)):"
    say "most likely it was built without optimisation. The latter is taken; to have the former: PYTHON=$1 make setup"
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if new_enough "$candidate"; then
            found=$(command -v "$candidate")
            if [ -z "${PYTHON:-}" ] && faster_python "$found"; then
                found=/usr/bin/python3
            fi
            printf '%s\n' "$found"
            return
        fi
    done
    say "Postroom needs Python 3.11 or newer; found: $(python3 --version 2>&1 || echo 'no python3')."
    say "Install one (Debian 12 or newer: apt-get install python3 python3-venv), or name one: make PYTHON=/path/to/python3.12 setup"
    return 1
}

# Debian ships python3 without ensurepip; venv cannot put pip into a new environment without it.
has_ensurepip() { "$1" -c "import ensurepip, venv" 2>/dev/null; }

# The first try fails where package lists are missing or old; only the second one's words matter.
apt_install() {
    set -- apt-get install -qq -y --no-install-recommends --no-remove -o Dpkg::Use-Pty=0 "$@"
    "$@" >/dev/null 2>&1 || { apt-get update -qq && "$@" >/dev/null; }
}

install_ensurepip() {
    package=$("$1" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")')
    if ! command -v apt-get >/dev/null; then
        say "$1 lacks the ensurepip module, which makes virtual environments: install your system's package for it ($package)."
    elif [ "$(id -u)" -ne 0 ]; then
        say "$1 lacks the ensurepip module. Type this once, then the same make command again:"
        say "    sudo apt-get install $package"
    else
        say "Installing the Debian package $package ..."
        export DEBIAN_FRONTEND=noninteractive
        apt_install "$package" && has_ensurepip "$1" && return
        say "That failed; see above. Try: apt-get update && apt-get install $package"
    fi
    return 1
}

# A copied or moved directory keeps scripts that point to its old place; such an environment is made anew.
usable() {
    [ -x "$venv/bin/python" ] && new_enough "$venv/bin/python" && "$venv/bin/pip" --version >/dev/null 2>&1 &&
        [ "$("$venv/bin/python" -c 'import sys; print(sys.prefix)')" = "$(cd "$venv" && pwd -P)" ] &&
        head -n 3 "$venv/bin/pip" | grep -qF "$(cd "$venv" && pwd -P)"
}

if ! usable; then
    python=$(find_python)
    has_ensurepip "$python" || install_ensurepip "$python"
    say "Making $venv with $("$python" --version) ..."
    "$python" -m venv --clear "$venv"
fi

say "Installing the locked packages into $venv (half a minute the first time) ..."
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
own_pip() { sed -n '/^pip==/,/[^\\]$/p' requirements.lock; }
if ! { own_pip | pip install --require-hashes --requirement /dev/stdin && pip install --require-hashes --requirement requirements.lock; }; then
    say "The packages of requirements.lock could not be installed; the lines above say which and why."
    say "The first set-up needs a way to a Python package index (see: $venv/bin/pip config list)."
    exit 1
fi
pip install --no-deps --no-build-isolation --editable .
# The first start would do it, and each one where bytecode may not be written on the way.
"$venv/bin/python" -m compileall -q -j 0 src
