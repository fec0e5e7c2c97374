// sarama: a topic by the cluster admin, ten records by the sync producer, read back in a group and committed.
//
// KAFKA_RELEASE says what the broker is, where it is an old one; before 0.11 there are no idempotent producers and no
// headers.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/IBM/sarama"
)

const records = 10

var release = kafkaRelease()

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	brokers := []string{os.Args[1]}
	topic := fmt.Sprintf("go-sarama-%d", time.Now().UnixNano())
	group := "group-" + topic

	admin, err := sarama.NewClusterAdmin(brokers, configuration())
	check("admin", err)
	defer admin.Close()
	check("create topic", admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false))
	produce(brokers, topic)
	consume(ctx, brokers, topic, group)

	committed, err := admin.ListConsumerGroupOffsets(group, map[string][]int32{topic: {0}})
	check("committed", err)
	expect("committed", fmt.Sprint(committed.GetBlock(topic, 0).Offset), fmt.Sprint(records))
	fmt.Println("OK sarama", version("github.com/IBM/sarama"), records)
}

func configuration() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = release
	config.Producer.Idempotent = release.IsAtLeast(sarama.V0_11_0_0)
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Return.Successes = true
	config.Net.MaxOpenRequests = 1 // sarama asks for it when the producer is idempotent
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	return config
}

// kafkaRelease is what the broker is said to be: sarama chooses versions by that alone.
func kafkaRelease() sarama.KafkaVersion {
	said := os.Getenv("KAFKA_RELEASE")
	if said == "" {
		return sarama.MaxVersion
	}
	for parts := strings.Count(said, "."); parts < 2 || strings.HasPrefix(said, "0.") && parts < 3; parts++ {
		said += ".0"
	}
	version, err := sarama.ParseKafkaVersion(said)
	check("release", err)
	return version
}

func produce(brokers []string, topic string) {
	producer, err := sarama.NewSyncProducer(brokers, configuration())
	check("producer", err)
	defer producer.Close()
	for i := range records {
		message := &sarama.ProducerMessage{
			Topic: topic,
			Key:   sarama.StringEncoder(fmt.Sprint("key-", i)),
			Value: sarama.StringEncoder(fmt.Sprint("value-", i)),
		}
		if release.IsAtLeast(sarama.V0_11_0_0) {
			message.Headers = []sarama.RecordHeader{{Key: []byte("n"), Value: []byte(fmt.Sprint(i))}}
		}
		_, _, err := producer.SendMessage(message)
		check("produce", err)
	}
}

// reader is sarama's handler of one generation of a group: it reads ten records, commits and ends the session.
type reader struct {
	received int
	done     context.CancelFunc
}

func (r *reader) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (r *reader) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (r *reader) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		expect("key", string(message.Key), fmt.Sprint("key-", r.received))
		expect("value", string(message.Value), fmt.Sprint("value-", r.received))
		if release.IsAtLeast(sarama.V0_11_0_0) {
			expect("header", string(message.Headers[0].Value), fmt.Sprint(r.received))
		}
		session.MarkMessage(message, "")
		r.received++
		if r.received == records {
			session.Commit()
			r.done()
			return nil
		}
	}
	return nil
}

func consume(ctx context.Context, brokers []string, topic, group string) {
	member, err := sarama.NewConsumerGroup(brokers, group, configuration())
	check("group", err)
	defer member.Close()

	session, done := context.WithCancel(ctx)
	handler := &reader{done: done}
	for handler.received < records {
		check("in time", ctx.Err())
		check("consume", member.Consume(session, []string{topic}, handler))
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
