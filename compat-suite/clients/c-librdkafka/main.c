// librdkafka from C: a topic by its admin API, ten records by an idempotent producer, read back in a group and committed.
//
// KAFKA_RELEASE says what the broker is, where it is an old one: before 0.10 it has to be told so, and before 0.11 there
// are no idempotent producers and no headers; the broker makes the topic then.
#include <librdkafka/rdkafka.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RECORDS = 10, TIMEOUT_MS = 30000, TEXT_SIZE = 128 };

static bool is_told, is_old; // before 0.10, before 0.11
static char topic[TEXT_SIZE];
static char group[TEXT_SIZE + 8];

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "FAILED: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    exit(1);
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *bootstrap, const char *settings[][2]) {
    char error[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, error, sizeof error)) fail("%s", error);
    if (is_told && (rd_kafka_conf_set(conf, "api.version.request", "false", error, sizeof error) ||
                    rd_kafka_conf_set(conf, "broker.version.fallback", "0.9.0", error, sizeof error))) fail("%s", error);
    for (int i = 0; settings[i][0]; i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error, sizeof error)) fail("%s", error);
    rd_kafka_t *handle = rd_kafka_new(type, conf, error, sizeof error);
    if (!handle) fail("%s", error);
    return handle;
}

static void create_topic(rd_kafka_t *producer) {
    char error[512];
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic, 1, 1, error, sizeof error);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(producer);
    rd_kafka_CreateTopics(producer, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    if (!event) fail("no answer to CreateTopics");
    if (rd_kafka_event_error(event)) fail("CreateTopics: %s", rd_kafka_event_error_string(event));

    size_t count;
    const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    if (count != 1 || rd_kafka_topic_result_error(results[0]))
        fail("CreateTopics: %s", rd_kafka_err2name(rd_kafka_topic_result_error(results[0])));
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(wanted);
}

static void produce(rd_kafka_t *producer) {
    for (int i = 0; i < RECORDS; i++) {
        char key[16], value[16], header[16];
        snprintf(key, sizeof key, "key-%d", i);
        snprintf(value, sizeof value, "value-%d", i);
        snprintf(header, sizeof header, "%d", i);
        rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
        if (!is_old) rd_kafka_header_add(headers, "n", -1, header, -1);
        rd_kafka_resp_err_t error = rd_kafka_producev(
            producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(key, strlen(key)), RD_KAFKA_V_VALUE(value, strlen(value)),
            RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (error) fail("produce: %s", rd_kafka_err2name(error));
    }
    if (rd_kafka_flush(producer, TIMEOUT_MS)) fail("flush: %d records left", rd_kafka_outq_len(producer));
}

static void expect(const char *what, const void *got, size_t size, const char *prefix, int number) {
    char wanted[32];
    snprintf(wanted, sizeof wanted, "%s%d", prefix, number);
    if (size != strlen(wanted) || memcmp(got, wanted, size)) fail("%s is %.*s, not %s", what, (int)size, (const char *)got, wanted);
}

static void check(const rd_kafka_message_t *message, int number) {
    expect("key", message->key, message->key_len, "key-", number);
    expect("value", message->payload, message->len, "value-", number);
    if (is_old) return;
    rd_kafka_headers_t *headers;
    const void *header;
    size_t size;
    if (rd_kafka_message_headers(message, &headers) || rd_kafka_header_get_last(headers, "n", &header, &size)) fail("no header");
    expect("header", header, size, "", number);
}

static void consume_and_commit(rd_kafka_t *consumer) {
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(consumer, topics)) fail("subscribe");

    time_t deadline = time(NULL) + TIMEOUT_MS / 1000;
    int received = 0;
    while (received < RECORDS) {
        if (time(NULL) > deadline) fail("%d records received", received);
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 500);
        if (!message) continue;
        if (message->err) fail("consume: %s", rd_kafka_message_errstr(message));
        check(message, received++);
        rd_kafka_message_destroy(message);
    }
    rd_kafka_resp_err_t error = rd_kafka_commit(consumer, NULL, 0);
    if (error) fail("commit: %s", rd_kafka_err2name(error));

    topics->elems[0].partition = 0;
    error = rd_kafka_committed(consumer, topics, TIMEOUT_MS);
    if (error || topics->elems[0].offset != RECORDS) fail("committed: %s, offset %ld", rd_kafka_err2name(error), (long)topics->elems[0].offset);
    rd_kafka_topic_partition_list_destroy(topics);
}

int main(int count, char **arguments) {
    if (count != 2) fail("usage: main HOST:PORT");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(topic, sizeof topic, "c-librdkafka-%ld%09ld", (long)now.tv_sec, now.tv_nsec);
    snprintf(group, sizeof group, "group-%s", topic);

    int major = 4, minor = 3;
    if (getenv("KAFKA_RELEASE")) sscanf(getenv("KAFKA_RELEASE"), "%d.%d", &major, &minor);
    is_told = !major && minor < 10;
    is_old = !major && minor < 11;

    const char *idempotent = is_old ? "false" : "true";
    rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, arguments[1], (const char *[][2]){{"enable.idempotence", idempotent}, {NULL, NULL}});
    if (!is_old) create_topic(producer);
    produce(producer);
    rd_kafka_destroy(producer);

    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, arguments[1], (const char *[][2]){
        {"group.id", group}, {"auto.offset.reset", "earliest"}, {"enable.auto.commit", "false"}, {NULL, NULL}});
    rd_kafka_poll_set_consumer(consumer);
    consume_and_commit(consumer);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);

    printf("OK librdkafka (C) %s %d\n", rd_kafka_version_str(), RECORDS);
    return 0;
}
