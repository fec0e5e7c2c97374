#!/bin/bash
# kcat: ten records into a topic that the broker makes, read back in a group; a second member of the group finds nothing.
source "$(dirname "$0")/../common.sh"
need_command kcat
[ -n "$bootstrap" ] || exit 0

topic=kcat-$(date +%s%N)
group=group-$topic

fail() {
    echo "FAILED: $1"
    exit 1
}

# Joins the group and reads to the end of the topic; the offsets are committed when kcat leaves.
read_group() {
    timeout 60 kcat -q -b "$bootstrap" -X auto.offset.reset=earliest -f '%k %s %h\n' -e -G "$group" "$topic"
}

for i in {0..9}; do echo "key-$i:value-$i"; done |
    timeout 60 kcat -b "$bootstrap" -P -t "$topic" -K: -H client=kcat -X enable.idempotence=true || fail "produce"

wanted=$(for i in {0..9}; do echo "key-$i value-$i client=kcat"; done)
got=$(read_group) || fail "consume"
[ "$got" = "$wanted" ] || fail "read: $(echo "$got" | tr '\n' ';')"
again=$(read_group) || fail "consume again"
[ -z "$again" ] || fail "not committed, read again: $(echo "$again" | tr '\n' ';')"

echo "OK kcat $(kcat -V | grep -o 'librdkafka [0-9.]*') 10"
