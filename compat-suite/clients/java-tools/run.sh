#!/bin/bash
# Apache Kafka's own command-line tools: a topic, ten records, read back in a group, whose committed offset is described.
source "$(dirname "$0")/../common.sh"
need_jars
[ -n "$bootstrap" ] || exit 0

topic=java-tools-$(date +%s%N)
group=group-$topic

fail() {
    echo "FAILED: $1"
    exit 1
}

# tool CLASS OPTION...: one of Kafka's tools. Their own scripts run the same classes.
tool() {
    local class=$1
    shift
    timeout 60 java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
        -cp "$jars/*" "org.apache.kafka.tools.$class" --bootstrap-server "$bootstrap" "$@"
}

tool TopicCommand --create --topic "$topic" --partitions 1 --replication-factor 1 >/dev/null || fail "kafka-topics"

for i in {0..9}; do printf 'n:%s\tkey-%s\tvalue-%s\n' $i $i $i; done |
    tool ConsoleProducer --topic "$topic" --reader-property parse.headers=true --reader-property parse.key=true ||
    fail "kafka-console-producer"

wanted=$(for i in {0..9}; do printf 'n:%s\tkey-%s\tvalue-%s\n' $i $i $i; done)
got=$(tool consumer.ConsoleConsumer --topic "$topic" --group "$group" --from-beginning --max-messages 10 --timeout-ms 30000 \
    --formatter-property print.headers=true --formatter-property print.key=true 2>errors.log) ||
    fail "kafka-console-consumer: $(tail -1 errors.log)"
[ "$got" = "$wanted" ] || fail "read: $(echo "$got" | tr '\n' ';')"

described=$(tool consumer.group.ConsumerGroupCommand --describe --offsets --group "$group" 2>errors.log) ||
    fail "kafka-consumer-groups: $(tail -1 errors.log)"
echo "$described" | awk -v topic="$topic" '$2 == topic && $4 == 10 && $6 == 0 { found = 1 } END { exit !found }' ||
    fail "committed: $(echo "$described" | tail -1)"

version=$(basename "$jars"/kafka-tools-[0-9]*.jar .jar)
echo "OK Java tools ${version#kafka-tools-} 10"
