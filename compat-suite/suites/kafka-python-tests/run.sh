#!/bin/bash
# kafka-python's own integration tests, from its source package, in an environment of their own.
source "$(dirname "$0")/../../clients/common.sh"
version=3.0.12
python_with kafka-python==$version pytest pytest-timeout pytest-mock py lz4 python-snappy zstandard
if [ ! -d "kafka_python-$version" ]; then
    "$python" -m pip download --quiet --no-deps --no-binary kafka-python "kafka-python==$version"
    tar xzf "kafka_python-$version.tar.gz"
fi
cd "kafka_python-$version"
rm -rf kafka     # what is tested is the installed one
touch test/__init__.py
cp ../service.py test/service.py
mkdir -p servers # the fixtures ask that it is there
[ -z "$bootstrap" ] || exec env KAFKA_URI="kafka://$bootstrap" KAFKA_VERSION="${KAFKA_VERSION:-4.3}" KAFKA_ROOT=servers \
    "$python" -m pytest -q -p no:cacheprovider -p no:logging test/integration --junitxml="$report"
