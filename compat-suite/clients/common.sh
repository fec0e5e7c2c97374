# Sourced by every client's run.sh: says what is missing, and keeps everything that is built out of the checkout.
#
# After this file, the working directory is the client's own folder in the cache, with its sources copied into it.
# A run.sh without HOST:PORT builds and stops there.

set -euo pipefail

MISSING=77 # the exit code of a client that cannot run here; its last line says why

source_dir=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
clients_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bootstrap=${1:-}
cache=${KPYBROKER_CLIENTS_CACHE:-$HOME/.cache/kpybroker-clients}
build_dir=$cache/$(basename "$source_dir")

mkdir -p "$build_dir"
find "$source_dir" -mindepth 1 -maxdepth 1 -exec cp -Rp {} "$build_dir" \;
cd "$build_dir"

missing() {
    echo "missing: $1"
    exit $MISSING
}

need_command() {
    command -v "$1" >/dev/null || missing "${2:-$1}"
}

# need_header FILE PACKAGE: a C header that the compiler finds.
need_header() {
    echo "#include <$1>" | gcc -E - >/dev/null 2>&1 || missing "$2"
}

# need_jars: sets $jars to the folder of Apache Kafka's jars.
need_jars() {
    need_command java "java (JDK 17)"
    jars=${KAFKA_JARS:-$cache/kafka-jars}
    ls "$jars"/kafka-tools-*.jar >/dev/null 2>&1 || missing "Apache Kafka's jars (setup.sh brings them)"
}

# python_with REQUIREMENT...: sets $python to the interpreter of this client's own environment, made with $PYTHON.
python_with() {
    local base=${PYTHON:-$(command -v python3.11 || echo python3)}
    need_command "$base"
    python=$build_dir/venv/bin/python
    if [ "$(cat venv/requirements 2>/dev/null)" != "$*" ]; then
        rm -rf venv
        "$base" -m venv venv
        "$python" -m pip install --quiet --disable-pip-version-check "$@"
        echo "$*" >venv/requirements
    fi
}

# npm_install: node_modules as package.json says.
npm_install() {
    if [ ! -e node_modules/.complete ] || [ package.json -nt node_modules/.complete ]; then
        npm install --no-package-lock --no-fund --no-audit --loglevel=error >&2
        touch node_modules/.complete
    fi
}

# client COMMAND...: runs the program on the broker, unless only a build was asked for.
client() {
    [ -z "$bootstrap" ] || exec timeout "${CLIENT_TIMEOUT_SECONDS:-90}" "$@"
}
