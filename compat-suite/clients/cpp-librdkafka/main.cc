// librdkafka from C++: ten records into a topic that the broker makes, read back in a group and committed.
// (The C++ interface of librdkafka has no admin operations.)
#include <librdkafka/rdkafkacpp.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>

using Clock = std::chrono::steady_clock;
using Settings = std::map<std::string, std::string>;

constexpr int RECORDS = 10;
constexpr int TIMEOUT_MS = 30000;

[[noreturn]] void fail(const std::string &why) {
    std::cerr << "FAILED: " << why << std::endl;
    std::exit(1);
}

void check(RdKafka::ErrorCode error, const std::string &what) {
    if (error != RdKafka::ERR_NO_ERROR) fail(what + ": " + RdKafka::err2str(error));
}

void expect(const std::string &what, const std::string &got, const std::string &wanted) {
    if (got != wanted) fail(what + " is " + got + ", not " + wanted);
}

std::unique_ptr<RdKafka::Conf> configuration(const Settings &settings) {
    std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
    std::string error;
    for (const auto &[name, value] : settings)
        if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) fail(error);
    return conf;
}

void produce(const std::string &bootstrap, const std::string &topic) {
    std::string error;
    auto conf = configuration({{"bootstrap.servers", bootstrap}, {"enable.idempotence", "true"}});
    std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(conf.get(), error));
    if (!producer) fail(error);
    for (int i = 0; i < RECORDS; i++) {
        std::string number = std::to_string(i), key = "key-" + number, value = "value-" + number;
        RdKafka::Headers *headers = RdKafka::Headers::create();
        headers->add("n", number);
        check(producer->produce(topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY, value.data(), value.size(),
                                key.data(), key.size(), 0, headers, nullptr),
              "produce");
    }
    check(producer->flush(TIMEOUT_MS), "flush");
}

void check_record(RdKafka::Message &message, int i) {
    std::string number = std::to_string(i);
    expect("key", *message.key(), "key-" + number);
    expect("value", std::string(static_cast<const char *>(message.payload()), message.len()), "value-" + number);
    if (!message.headers()) fail("no headers");
    auto header = message.headers()->get_last("n");
    expect("header", std::string(header.value_string(), header.value_size()), number);
}

void consume_and_commit(const std::string &bootstrap, const std::string &topic) {
    std::string error;
    auto conf = configuration({{"bootstrap.servers", bootstrap},
                               {"group.id", "group-" + topic},
                               {"auto.offset.reset", "earliest"},
                               {"enable.auto.commit", "false"}});
    std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(conf.get(), error));
    if (!consumer) fail(error);
    check(consumer->subscribe({topic}), "subscribe");

    const auto deadline = Clock::now() + std::chrono::milliseconds(TIMEOUT_MS);
    for (int received = 0; received < RECORDS;) {
        if (Clock::now() > deadline) fail(std::to_string(received) + " records received");
        std::unique_ptr<RdKafka::Message> message(consumer->consume(500));
        if (message->err() == RdKafka::ERR__TIMED_OUT) continue;
        check(message->err(), "consume");
        check_record(*message, received++);
    }
    check(consumer->commitSync(), "commit");

    std::unique_ptr<RdKafka::TopicPartition> partition(RdKafka::TopicPartition::create(topic, 0));
    std::vector<RdKafka::TopicPartition *> partitions{partition.get()};
    check(consumer->committed(partitions, TIMEOUT_MS), "committed");
    expect("committed offset", std::to_string(partition->offset()), std::to_string(RECORDS));
    check(consumer->close(), "close");
}

int main(int count, char **arguments) {
    if (count != 2) fail("usage: main HOST:PORT");
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    const std::string topic = "cpp-librdkafka-" + std::to_string(now);
    produce(arguments[1], topic);
    consume_and_commit(arguments[1], topic);
    std::cout << "OK librdkafka (C++) " << RdKafka::version_str() << " " << RECORDS << std::endl;
}
