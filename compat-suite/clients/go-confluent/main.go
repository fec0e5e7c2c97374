// confluent-kafka-go: a topic by its admin client, ten records by an idempotent producer, read back in a group, committed.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

const (
	records = 10
	timeout = 30 * time.Second
)

func main() {
	bootstrap := os.Args[1]
	topic := fmt.Sprintf("go-confluent-%d", time.Now().UnixNano())

	createTopic(bootstrap, topic)
	produce(bootstrap, topic)
	consumeAndCommit(bootstrap, topic)
	_, library := kafka.LibraryVersion()
	fmt.Println("OK confluent-kafka-go", version("github.com/confluentinc/confluent-kafka-go/v2"), "librdkafka", library, records)
}

func createTopic(bootstrap, topic string) {
	admin, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": bootstrap})
	check("admin", err)
	defer admin.Close()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	results, err := admin.CreateTopics(ctx, []kafka.TopicSpecification{{Topic: topic, NumPartitions: 1, ReplicationFactor: 1}})
	check("create topic", err)
	expect("create topic", results[0].Error.Code().String(), kafka.ErrNoError.String())
}

func produce(bootstrap, topic string) {
	producer, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": bootstrap, "enable.idempotence": true})
	check("producer", err)
	defer producer.Close()
	reports := make(chan kafka.Event, records)
	for i := range records {
		message := &kafka.Message{
			TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny},
			Key:            []byte(fmt.Sprint("key-", i)),
			Value:          []byte(fmt.Sprint("value-", i)),
			Headers:        []kafka.Header{{Key: "n", Value: []byte(fmt.Sprint(i))}},
		}
		check("produce", producer.Produce(message, reports))
	}
	for range records {
		report := (<-reports).(*kafka.Message)
		check("delivery", report.TopicPartition.Error)
	}
}

func consumeAndCommit(bootstrap, topic string) {
	consumer, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":  bootstrap,
		"group.id":           "group-" + topic,
		"auto.offset.reset":  "earliest",
		"enable.auto.commit": false,
	})
	check("consumer", err)
	defer consumer.Close()
	check("subscribe", consumer.Subscribe(topic, nil))
	for i := range records {
		message, err := consumer.ReadMessage(timeout)
		check("consume", err)
		expect("key", string(message.Key), fmt.Sprint("key-", i))
		expect("value", string(message.Value), fmt.Sprint("value-", i))
		expect("header", string(message.Headers[0].Value), fmt.Sprint(i))
	}
	_, err = consumer.Commit()
	check("commit", err)
	committed, err := consumer.Committed([]kafka.TopicPartition{{Topic: &topic, Partition: 0}}, int(timeout.Milliseconds()))
	check("committed", err)
	expect("committed", committed[0].Offset.String(), fmt.Sprint(records))
}

func check(what string, err error) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func expect(what, got, wanted string) {
	if got != wanted {
		fail("%s is %s, not %s", what, got, wanted)
	}
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "FAILED: "+format+"\n", arguments...)
	os.Exit(1)
}

// version of a module, as it was built into this program.
func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return "?"
}
