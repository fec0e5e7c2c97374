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

report=$build_dir/report # where a suite leaves what its tests came to
mkdir -p "$build_dir"
rm -f "$report"
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

# go_tests MODULE VERSION FOLDER: a copy of a Go module, its tests among it, in FOLDER.
go_tests() {
    export GOFLAGS=-mod=mod # a library's go.mod may lack what only its tests need
    if [ "$(cat "$3.version" 2>/dev/null)" != "$2" ]; then
        rm -rf "$3"
        local path
        path=$(cd / && go mod download -json "$1@$2" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
        cp -R "$path" "$3"
        chmod -R u+w "$3"
        echo "$2" >"$3.version"
    fi
}

# each_go_test NAME: every test of the package in this folder in a process of its own, for one that panics ends all
# others; NAME goes before the tests' names in the report, as lines of "PASS|FAIL|SKIP name".
each_go_test() {
    go test -c -o tests.bin .
    local name output
    for name in $(./tests.bin -test.list "^Test"); do
        output=$(timeout "${TEST_TIMEOUT_SECONDS:-60}" ./tests.bin -test.v -test.run "^$name\$" 2>&1) || true
        echo "$output" >"$build_dir/last-$name.log"
        case $output in
        *"--- FAIL: $name "* | *panic:*) echo "FAIL $1$name" ;;
        *"--- SKIP: $name "*) echo "SKIP $1$name" ;;
        *"--- PASS: $name "*) echo "PASS $1$name" ;;
        *) echo "FAIL $1$name" ;;
        esac >>"$report"
    done
}

# client COMMAND...: runs the program on the broker, unless only a build was asked for.
client() {
    [ -z "$bootstrap" ] || exec timeout "${CLIENT_TIMEOUT_SECONDS:-90}" "$@"
}
