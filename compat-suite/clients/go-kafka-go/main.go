// kafka-go: a topic by its client, ten records by the writer, read back by a reader in a group and committed.
//
// KAFKA_RELEASE says what the broker is, where it is an old one; before 0.11 there are no headers.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

const records = 10

var hasHeaders = !strings.HasPrefix(os.Getenv("KAFKA_RELEASE"), "0.10")

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	client := &kafka.Client{Addr: kafka.TCP(os.Args[1])}
	topic := fmt.Sprintf("go-kafka-go-%d", time.Now().UnixNano())
	group := "group-" + topic

	createTopic(ctx, client, topic)
	produce(ctx, client.Addr, topic)
	consumeAndCommit(ctx, os.Args[1], topic, group)

	committed, err := client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: {0}}})
	check("committed", err)
	expect("committed", fmt.Sprint(committed.Topics[topic][0].CommittedOffset), fmt.Sprint(records))
	fmt.Println("OK kafka-go", version("github.com/segmentio/kafka-go"), records)
}

func createTopic(ctx context.Context, client *kafka.Client, topic string) {
	topics := []kafka.TopicConfig{{Topic: topic, NumPartitions: 1, ReplicationFactor: 1}}
	created, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: topics})
	check("create topic", err)
	check("create topic", created.Errors[topic])

	// Kafka answers before the topic has a leader, and the writer does not try again.
	for {
		metadata, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
		check("metadata", err)
		if metadata.Topics[0].Error == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func produce(ctx context.Context, address net.Addr, topic string) {
	writer := &kafka.Writer{Addr: address, Topic: topic, BatchTimeout: 5 * time.Millisecond, RequiredAcks: kafka.RequireAll}
	defer writer.Close()
	messages := make([]kafka.Message, records)
	for i := range messages {
		messages[i] = kafka.Message{
			Key:   []byte(fmt.Sprint("key-", i)),
			Value: []byte(fmt.Sprint("value-", i)),
		}
		if hasHeaders {
			messages[i].Headers = []kafka.Header{{Key: "n", Value: []byte(fmt.Sprint(i))}}
		}
	}
	check("produce", writer.WriteMessages(ctx, messages...))
}

func consumeAndCommit(ctx context.Context, bootstrap, topic, group string) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers:     []string{bootstrap},
		Topic:       topic,
		GroupID:     group,
		StartOffset: kafka.FirstOffset,
		MaxWait:     200 * time.Millisecond,
	})
	defer reader.Close()
	for i := range records {
		message, err := reader.FetchMessage(ctx)
		check("consume", err)
		expect("key", string(message.Key), fmt.Sprint("key-", i))
		expect("value", string(message.Value), fmt.Sprint("value-", i))
		if hasHeaders {
			expect("header", string(message.Headers[0].Value), fmt.Sprint(i))
		}
		check("commit", reader.CommitMessages(ctx, message))
	}
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
