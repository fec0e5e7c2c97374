// Apache Kafka's Java client: a topic by the admin client, ten records by the producer, read back in a group, committed.

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.AppInfoParser;

public final class Main {
    private static final int RECORDS = 10;
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    public static void main(String[] arguments) throws Exception {
        String bootstrap = arguments[0];
        String topic = "java-client-" + System.currentTimeMillis() + "-" + ProcessHandle.current().pid();
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            // The broker's own replication factor may be asked for since 2.4; KAFKA_RELEASE says of an older one.
            boolean isOld = Optional.ofNullable(System.getenv("KAFKA_RELEASE")).orElse("4.3").matches("2[.][0-3]");
            Optional<Short> replicas = isOld ? Optional.of((short) 1) : Optional.empty();
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(1), replicas))).all().get();
        }
        produce(bootstrap, topic);
        consumeAndCommit(bootstrap, topic);
        System.out.println("OK Java client " + AppInfoParser.getVersion() + " " + RECORDS);
    }

    private static void produce(String bootstrap, String topic) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < RECORDS; i++) {
                var record = new ProducerRecord<>(topic, "key-" + i, "value-" + i);
                record.headers().add("n", Integer.toString(i).getBytes(StandardCharsets.UTF_8));
                producer.send(record).get();
            }
        }
    }

    private static void consumeAndCommit(String bootstrap, String topic) {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", bootstrap,
                "group.id", "group-" + topic,
                "auto.offset.reset", "earliest",
                "enable.auto.commit", false);
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            List<ConsumerRecord<String, String>> records = new ArrayList<>();
            Instant deadline = Instant.now().plus(TIMEOUT);
            while (records.size() < RECORDS) {
                expect("still in time", Instant.now().isBefore(deadline), true);
                consumer.poll(Duration.ofMillis(500)).forEach(records::add);
            }
            for (int i = 0; i < RECORDS; i++) {
                check(records.get(i), i);
            }
            consumer.commitSync();
            var partition = new TopicPartition(topic, 0);
            expect("committed", consumer.committed(Set.of(partition)).get(partition).offset(), (long) RECORDS);
        }
    }

    private static void check(ConsumerRecord<String, String> record, int number) {
        expect("key", record.key(), "key-" + number);
        expect("value", record.value(), "value-" + number);
        byte[] header = record.headers().lastHeader("n").value();
        expect("header", new String(header, StandardCharsets.UTF_8), Integer.toString(number));
    }

    private static void expect(String what, Object got, Object wanted) {
        if (!got.equals(wanted)) {
            throw new AssertionError(what + " is " + got + ", not " + wanted);
        }
    }
}
