// kadm, franz-go's admin client: topics, records, settings, groups and the cluster, on a broker without security.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	partitions = 3
	patience   = 10 * time.Second
	turn       = 50 * time.Millisecond
)

var checks int

// story is what the steps of this program share.
type story struct {
	ctx    context.Context
	client *kgo.Client
	admin  *kadm.Client
	topic  string
	group  string
	broker int32
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	topic := fmt.Sprintf("go-franz-admin-%d", time.Now().UnixNano())
	client, err := kgo.NewClient(kgo.SeedBrokers(os.Args[1]), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	check("client", err)
	defer client.Close()

	s := &story{ctx, client, kadm.NewClient(client), topic, "group-" + topic, 0}
	s.cluster()
	s.topics()
	s.records()
	s.settings()
	s.groups()
	s.security()
	_, err = s.admin.DeleteTopic(ctx, topic)
	check("delete the topic", err)
	_, err = s.admin.DeleteTopic(ctx, topic)
	fails("delete it twice", err, kerr.UnknownTopicOrPartition)
	fmt.Println("OK kadm", version("github.com/twmb/franz-go/pkg/kadm"), checks)
}

func (s *story) cluster() {
	brokers, err := s.admin.ListBrokers(s.ctx)
	check("brokers", err)
	equal("brokers", len(brokers), 1)
	s.broker = brokers[0].NodeID
	metadata, err := s.admin.BrokerMetadata(s.ctx)
	check("metadata", err)
	equal("controller", metadata.Controller, s.broker)
	equal("length of the cluster's id", len(metadata.Cluster), 22)
	versions, err := s.admin.ApiVersions(s.ctx)
	check("versions", err)
	equal("versions of brokers", len(versions), 1)
}

func (s *story) topics() {
	_, err := s.admin.CreateTopic(s.ctx, partitions-1, 1, map[string]*string{"retention.ms": kadm.StringPtr("5000")}, s.topic)
	check("create a topic", err)
	_, err = s.admin.CreateTopic(s.ctx, 1, 1, nil, s.topic)
	fails("create it twice", err, kerr.TopicAlreadyExists)
	_, err = s.admin.CreateTopic(s.ctx, 1, 99, nil, s.topic+"-no")
	fails("too many replicas", err, kerr.InvalidReplicationFactor)
	grown, err := s.admin.UpdatePartitions(s.ctx, partitions, s.topic)
	check("grow", err)
	check("grow", grown.Error())
	becomes("partitions", partitions, func() int {
		details, err := s.admin.ListTopics(s.ctx, s.topic)
		check("list", err)
		return len(details[s.topic].Partitions)
	})
	reassigned, err := s.admin.AlterPartitionAssignments(s.ctx, assign(s.topic, 0, s.broker))
	check("reassign", err)
	check("reassign", reassigned.Error())
	under, err := s.admin.ListPartitionReassignments(s.ctx, nil)
	check("reassignments", err)
	equal("reassignments under way", len(under), 0)
	elected, err := s.admin.ElectLeaders(s.ctx, kadm.ElectPreferredReplica, kadm.TopicsSet{s.topic: {0: {}}})
	check("elect", err)
	equal("election", errors.Is(elected[s.topic][0].Err, kerr.ElectionNotNeeded), true)
}

func assign(topic string, partition, broker int32) kadm.AlterPartitionAssignmentsReq {
	var request kadm.AlterPartitionAssignmentsReq
	request.Assign(topic, partition, []int32{broker})
	return request
}

func (s *story) records() {
	began := time.Now().Add(-time.Minute).Truncate(time.Millisecond)
	for i := range 4 {
		record := &kgo.Record{Topic: s.topic, Value: []byte("value"), Timestamp: began.Add(time.Duration(i) * time.Second)}
		check("produce", s.client.ProduceSync(s.ctx, record).FirstErr())
	}
	s.isAt("start", 0, func() (kadm.ListedOffsets, error) { return s.admin.ListStartOffsets(s.ctx, s.topic) })
	s.isAt("end", 4, func() (kadm.ListedOffsets, error) { return s.admin.ListEndOffsets(s.ctx, s.topic) })
	s.isAt("committed end", 4, func() (kadm.ListedOffsets, error) { return s.admin.ListCommittedOffsets(s.ctx, s.topic) })
	s.isAt("a time", 2, func() (kadm.ListedOffsets, error) {
		return s.admin.ListOffsetsAfterMilli(s.ctx, began.UnixMilli()+1001, s.topic)
	})
	s.isAt("the greatest timestamp", 3, func() (kadm.ListedOffsets, error) {
		return s.admin.ListMaxTimestampOffsets(s.ctx, s.topic)
	})
	before := make(kadm.Offsets)
	before.AddOffset(s.topic, 0, 2, -1)
	deleted, err := s.admin.DeleteRecords(s.ctx, before)
	check("delete records", err)
	equal("low watermark", deleted[s.topic][0].LowWatermark, 2)
	s.isAt("start that is left", 2, func() (kadm.ListedOffsets, error) { return s.admin.ListStartOffsets(s.ctx, s.topic) })

	producers, err := s.admin.DescribeProducers(s.ctx, kadm.TopicsSet{s.topic: {0: {}}})
	check("producers", err)
	equal("producers", len(producers[s.topic].Partitions[0].ActiveProducers), 1)
	directories, err := s.admin.DescribeAllLogDirs(s.ctx, kadm.TopicsSet{s.topic: {0: {}}})
	check("directories", err)
	equal("directories", len(directories[s.broker]), 1)
	equal("bytes in them", directories[s.broker].Size() > 0, true)
}

func (s *story) isAt(what string, wanted int64, list func() (kadm.ListedOffsets, error)) {
	listed, err := list()
	check(what, err)
	check(what, listed.Error())
	offset, _ := listed.Lookup(s.topic, 0)
	equal(what, offset.Offset, wanted)
}

func (s *story) settings() {
	described := func() string {
		configs, err := s.admin.DescribeTopicConfigs(s.ctx, s.topic)
		check("settings", err)
		for _, config := range configs[0].Configs {
			if config.Key == "retention.ms" {
				return config.MaybeValue()
			}
		}
		return "not described"
	}
	becomes("retention.ms", "5000", described)
	for _, change := range []kadm.AlterConfig{
		{Op: kadm.SetConfig, Name: "retention.ms", Value: kadm.StringPtr("6000")},
		{Op: kadm.DeleteConfig, Name: "retention.ms"},
	} {
		altered, err := s.admin.AlterTopicConfigs(s.ctx, []kadm.AlterConfig{change}, s.topic)
		check("alter", err)
		check("alter", altered[0].Err)
	}
	becomes("retention.ms", "604800000", described)
	wrong := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "no.such.setting", Value: kadm.StringPtr("1")}}
	refused, err := s.admin.AlterTopicConfigs(s.ctx, wrong, s.topic)
	check("alter", err)
	fails("an unknown setting", refused[0].Err, kerr.InvalidConfig)
	brokers, err := s.admin.DescribeBrokerConfigs(s.ctx, s.broker)
	check("settings of the broker", err)
	equal("many settings", len(brokers[0].Configs) > 200, true)
}

func (s *story) groups() {
	offsets := make(kadm.Offsets)
	offsets.AddOffset(s.topic, 0, 3, -1)
	offsets.AddOffset(s.topic, 1, 0, -1)
	committed, err := s.admin.CommitOffsets(s.ctx, s.group, offsets)
	check("commit", err)
	check("commit", committed.Error())
	fetched, err := s.admin.FetchOffsets(s.ctx, s.group)
	check("offsets", err)
	offset, _ := fetched.Lookup(s.topic, 0)
	equal("offset", offset.At, 3)
	lags, err := s.admin.Lag(s.ctx, s.group)
	check("lag", err)
	equal("lag", lags[s.group].Lag.Total(), 1)
	listed, err := s.admin.ListGroups(s.ctx, "Empty")
	check("groups", err)
	equal("among the empty ones", listed[s.group].Group, s.group)
	described, err := s.admin.DescribeGroups(s.ctx, s.group)
	check("describe", err)
	equal("state", described[s.group].State, "Empty")
	removed, err := s.admin.DeleteOffsets(s.ctx, s.group, kadm.TopicsSet{s.topic: {0: {}}})
	check("delete an offset", err)
	check("delete an offset", removed.Error())
	_, err = s.admin.DeleteGroup(s.ctx, s.group)
	check("delete the group", err)
	_, err = s.admin.DeleteGroup(s.ctx, s.group)
	fails("delete it twice", err, kerr.GroupIDNotFound)
}

func (s *story) security() {
	described, err := s.admin.DescribeACLs(s.ctx, kadm.NewACLs().Topics().ResourcePatternType(kadm.ACLPatternAny).
		Operations().Allow().AllowHosts().Deny().DenyHosts())
	check("ACLs", err)
	equal("answers about ACLs", len(described) > 0, true)
	fails("ACLs", described[0].Err, kerr.SecurityDisabled)
	upsert := kadm.UpsertSCRAM{User: s.group, Mechanism: kadm.ScramSha256, Iterations: 4096, Password: "secret"}
	altered, err := s.admin.AlterUserSCRAMs(s.ctx, nil, []kadm.UpsertSCRAM{upsert})
	check("credentials", err)
	check("credentials", altered.Error())
	becomes("credentials", 1, func() int {
		described, err := s.admin.DescribeUserSCRAMs(s.ctx, s.group)
		check("credentials", err)
		return len(described[s.group].CredInfos)
	})
	removal := kadm.DeleteSCRAM{User: s.group, Mechanism: kadm.ScramSha256}
	altered, err = s.admin.AlterUserSCRAMs(s.ctx, []kadm.DeleteSCRAM{removal}, nil)
	check("no credentials", err)
	check("no credentials", altered.Error())
}

func check(what string, err error) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func fails(what string, err, wanted error) {
	checks++
	if !errors.Is(err, wanted) {
		fail("%s is %v, not %v", what, err, wanted)
	}
}

func equal[T comparable](what string, got, wanted T) {
	checks++
	if got != wanted {
		fail("%s is %v, not %v", what, got, wanted)
	}
}

// becomes is what a broker learns from its controller: in Apache Kafka a moment after the answer to the change.
func becomes[T comparable](what string, wanted T, ask func() T) {
	got := ask()
	for deadline := time.Now().Add(patience); got != wanted && time.Now().Before(deadline); got = ask() {
		time.Sleep(turn)
	}
	equal(what, got, wanted)
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
