// franz-go: a topic by kadm, ten records by the idempotent producer, read back in a group and committed.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const records = 10

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
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.DefaultProduceTopic(topic))
	check("client", err)
	defer client.Close()

	_, err = kadm.NewClient(client).CreateTopic(ctx, 1, 1, nil, topic)
	check("create topic", err)
	for i := range records {
		record := kgo.KeySliceRecord([]byte(fmt.Sprint("key-", i)), []byte(fmt.Sprint("value-", i)))
		record.Headers = []kgo.RecordHeader{{Key: "n", Value: []byte(fmt.Sprint(i))}}
		check("produce", client.ProduceSync(ctx, record).FirstErr())
	}
}

func consumeAndCommit(ctx context.Context, bootstrap, topic string) {
	group := "group-" + topic
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap),
		kgo.ConsumeTopics(topic),
		kgo.ConsumerGroup(group),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
	)
	check("client", err)
	defer client.Close()

	received := 0
	for received < records {
		fetches := client.PollFetches(ctx)
		check("consume", fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			expect("key", string(record.Key), fmt.Sprint("key-", received))
			expect("value", string(record.Value), fmt.Sprint("value-", received))
			expect("header", string(record.Headers[0].Value), fmt.Sprint(received))
			received++
		})
	}
	check("commit", client.CommitUncommittedOffsets(ctx))

	committed, err := kadm.NewClient(client).FetchOffsets(ctx, group)
	check("committed", err)
	offset, _ := committed.Lookup(topic, 0)
	expect("committed", fmt.Sprint(offset.At), fmt.Sprint(records))
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
