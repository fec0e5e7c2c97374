#!/bin/bash
# Brings what the client programs need (Debian or Ubuntu, as root or with sudo) and builds all of them.
#
# A tool that is already there is left alone, so that a newer Go, Rust or Node than the distribution's is used.
set -euo pipefail

clients=$(cd "$(dirname "$0")" && pwd)
cache=${KPYBROKER_CLIENTS_CACHE:-$HOME/.cache/kpybroker-clients}

packages=(librdkafka-dev pkg-config)
# wanted COMMAND PACKAGE...: the packages, unless the command is there.
wanted() {
    local command=$1
    shift
    command -v "$command" >/dev/null || packages+=("$@")
}
wanted gcc gcc libc6-dev
wanted g++ g++
wanted make make
wanted kcat kcat
wanted javac default-jdk-headless
wanted mvn maven
wanted node nodejs
wanted npm npm
wanted go golang-go
wanted cargo cargo
wanted python3 python3
python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)

if ! dpkg --status "${packages[@]}" >/dev/null 2>&1; then
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update --quiet
    $as_root apt-get install --yes --quiet --no-install-recommends "${packages[@]}"
fi

if [ -z "${KAFKA_JARS:-}" ] && [ ! -d "$cache/kafka-jars" ]; then
    mvn --quiet --batch-mode -Dstyle.color=never --file "$clients/java-client/pom.xml" dependency:copy-dependencies \
        -DoutputDirectory="$cache/kafka-jars.new"
    mv "$cache/kafka-jars.new" "$cache/kafka-jars"
fi

status=0
for program in "$clients"/*/run.sh; do
    name=$(basename "$(dirname "$program")")
    echo "building $name"
    if ! output=$("$program" 2>&1); then
        echo "$output" | tail -3
        status=1
    fi
done
exit $status
