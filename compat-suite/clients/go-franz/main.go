// franz-go: a topic by kadm, ten records by the idempotent producer, read back in a group and committed.
//
// KAFKA_RELEASE says what the broker is, where it is an old one: before 0.11 there are no idempotent producers and no
// headers, and before 0.10.1 the broker makes the topic.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

const records = 10

var (
	release    = os.Getenv("KAFKA_RELEASE")
	isOld      = strings.HasPrefix(release, "0.8") || strings.HasPrefix(release, "0.9") || strings.HasPrefix(release, "0.10")
	makesTopic = !isOld || release == "0.10.1" || release == "0.10.2"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	bootstrap := os.Args[1]
	topic := fmt.Sprintf("go-franz-%d", time.Now().UnixNano())

	produce(ctx, bootstrap, topic)
	consumeAndCommit(ctx, bootstrap, topic)
	fmt.Println("OK franz-go", version("github.com/twmb/franz-go"), records)
}

func produce(ctx context.Context, bootstrap, topic string) {
	client, err := kgo.NewClient(append(atRelease(), kgo.SeedBrokers(bootstrap), kgo.DefaultProduceTopic(topic))...)
	check("client", err)
	defer client.Close()

	if makesTopic {
		_, err = kadm.NewClient(client).CreateTopic(ctx, 1, 1, nil, topic)
		check("create topic", err)
	}
	for i := range records {
		record := kgo.KeySliceRecord([]byte(fmt.Sprint("key-", i)), []byte(fmt.Sprint("value-", i)))
		if !isOld {
			record.Headers = []kgo.RecordHeader{{Key: "n", Value: []byte(fmt.Sprint(i))}}
		}
		check("produce", client.ProduceSync(ctx, record).FirstErr())
	}
}

func consumeAndCommit(ctx context.Context, bootstrap, topic string) {
	group := "group-" + topic
	client, err := kgo.NewClient(append(
		atRelease(),
		kgo.SeedBrokers(bootstrap),
		kgo.ConsumeTopics(topic),
		kgo.ConsumerGroup(group),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
	)...)
	check("client", err)
	defer client.Close()

	received := 0
	for received < records {
		fetches := client.PollFetches(ctx)
		check("consume", fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			expect("key", string(record.Key), fmt.Sprint("key-", received))
			expect("value", string(record.Value), fmt.Sprint("value-", received))
			if !isOld {
				expect("header", string(record.Headers[0].Value), fmt.Sprint(received))
			}
			received++
		})
	}
	check("commit", client.CommitUncommittedOffsets(ctx))

	expect("committed", fmt.Sprint(committed(ctx, client, group, topic)), fmt.Sprint(records))
}

func committed(ctx context.Context, client *kgo.Client, group, topic string) int64 {
	if isOld { // kadm asks for all topics of a group, and franz-go believes that one cannot before 0.11
		request := kmsg.NewPtrOffsetFetchRequest()
		request.Group = group
		request.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: topic, Partitions: []int32{0}}}
		response, err := request.RequestWith(ctx, client)
		check("committed", err)
		return response.Topics[0].Partitions[0].Offset
	}
	offsets, err := kadm.NewClient(client).FetchOffsets(ctx, group)
	check("committed", err)
	offset, _ := offsets.Lookup(topic, 0)
	return offset.At
}

// atRelease is what franz-go must be told of an old broker: the versions it has, and what it cannot do.
func atRelease() []kgo.Opt {
	var options []kgo.Opt
	if release != "" {
		options = append(options, kgo.MaxVersions(kversion.FromString(release+".0")))
	}
	if isOld {
		options = append(options, kgo.DisableIdempotentWrite(), kgo.AllowAutoTopicCreation())
	}
	return options
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
