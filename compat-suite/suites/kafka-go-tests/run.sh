#!/bin/bash
# kafka-go's own tests, with the broker under test in the place of the address that is written into them.
source "$(dirname "$0")/../../clients/common.sh"
need_command go "go (1.21 or newer)"
go_tests github.com/segmentio/kafka-go v0.4.51 module
[ -n "$bootstrap" ] || exit 0
rm -rf here
cp -R module here
cd here
grep -rl 'localhost:9092' --include='*_test.go' . | xargs sed -i "s/localhost:9092/$bootstrap/g"
export KAFKA_VERSION=${KAFKA_VERSION:-2.8.1}
each_go_test ""
