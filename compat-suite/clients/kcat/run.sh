#!/bin/bash
# kcat: ten records into a topic that the broker makes, read back in a group; a second member of the group finds nothing.
source "$(dirname "$0")/../common.sh"
need_command kcat

# KAFKA_RELEASE says what the broker is, where it is an old one: before 0.11 it has no headers and no idempotent
# producers, and before 0.10 librdkafka has to be told what it is.
settings=()
header=client=kcat
idempotence=true
case ${KAFKA_RELEASE:-} in 0.9 | 0.10*) header='' idempotence=false ;; esac
case ${KAFKA_RELEASE:-} in 0.9) settings=(-X api.version.request=false -X broker.version.fallback=0.9.0) ;; esac
[ -n "$bootstrap" ] || exit 0

topic=kcat-$(date +%s%N)
group=group-$topic

fail() {
    echo "FAILED: $1"
    exit 1
}

# Joins the group and reads to the end of the topic; the offsets are committed when kcat leaves.
read_group() {
    timeout 60 kcat -q -b "$bootstrap" "${settings[@]}" -X auto.offset.reset=earliest -f '%k %s %h\n' -e -G "$group" "$topic"
}

for i in {0..9}; do echo "key-$i:value-$i"; done |
    timeout 60 kcat -b "$bootstrap" "${settings[@]}" -P -t "$topic" -K: ${header:+-H "$header"} \
        -X enable.idempotence=$idempotence || fail "produce"

wanted=$(for i in {0..9}; do echo "key-$i value-$i $header"; done)
got=$(read_group) || fail "consume"
[ "$got" = "$wanted" ] || fail "read: $(echo "$got" | tr '\n' ';')"
again=$(read_group) || fail "consume again"
[ -z "$again" ] || fail "not committed, read again: $(echo "$again" | tr '\n' ';')"

echo "OK kcat $(kcat -V | grep -o 'librdkafka [0-9.]*') 10"
