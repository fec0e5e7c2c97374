// Record batches by Apache Kafka's own classes, and its own verdict on batches of ours. See README.md beside this file.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.KRaftVersionRecord;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.message.SnapshotFooterRecord;
import org.apache.kafka.common.message.SnapshotHeaderRecord;
import org.apache.kafka.common.message.VotersRecord;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;
import org.apache.kafka.storage.internals.log.RecordValidationException;

public class KafkaRecords {
    static final long START = 1_700_000_000_000L;

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("write")) write();
        else judge();
    }

    static void write() {
        for (CompressionType type : CompressionType.values()) {
            MemoryRecordsBuilder mixed = builder(type, TimestampType.CREATE_TIME, -1, (short) -1, -1, false, 0);
            for (int i = 0; i < 20; i++) mixed(mixed, i);
            print("mixed-" + type.name, mixed.build());
            MemoryRecordsBuilder noise = builder(type, TimestampType.CREATE_TIME, -1, (short) -1, -1, false, 0);
            noise.append(START, null, noise(500));
            print("noise-" + type.name, noise.build());
            if (type == CompressionType.NONE) continue;
            MemoryRecordsBuilder large = builder(type, TimestampType.CREATE_TIME, -1, (short) -1, -1, false, 0);
            for (int i = 0; i < 3; i++) large.append(START + i, bytes("key"), large(50_000 + i));
            print("large-" + type.name, large.build());
        }
        MemoryRecordsBuilder sent = builder(CompressionType.NONE, TimestampType.CREATE_TIME, 4711, (short) 3, Integer.MAX_VALUE - 1, true, 17);
        for (int i = 0; i < 5; i++) mixed(sent, i);
        print("transactional", sent.build());
        MemoryRecordsBuilder stamped = builder(CompressionType.NONE, TimestampType.LOG_APPEND_TIME, -1, (short) -1, -1, false, 0);
        for (int i = 0; i < 3; i++) mixed(stamped, i);
        print("log-append-time", stamped.build());
        MemoryRecordsBuilder timeless = builder(CompressionType.NONE, TimestampType.CREATE_TIME, -1, (short) -1, -1, false, 0);
        timeless.append(RecordBatch.NO_TIMESTAMP, bytes("k"), bytes("v"));
        print("no-timestamp", timeless.build());
        restamped();
        control();
    }

    /** What the broker makes of a client's batch on a topic with message.timestamp.type=LogAppendTime. */
    static void restamped() {
        MemoryRecordsBuilder built = builder(CompressionType.NONE, TimestampType.CREATE_TIME, -1, (short) -1, -1, false, 0);
        for (int i = 0; i < 3; i++) mixed(built, i);
        MemoryRecords records = built.build();
        MutableRecordBatch batch = records.batches().iterator().next();
        batch.setLastOffset(1002);
        batch.setPartitionLeaderEpoch(9);
        batch.setMaxTimestamp(TimestampType.LOG_APPEND_TIME, START + 99);
        print("restamped", records);
    }

    static void control() {
        for (ControlRecordType type : List.of(ControlRecordType.ABORT, ControlRecordType.COMMIT))
            print("marker-" + type.name().toLowerCase(), MemoryRecords.withEndTransactionMarker(
                7, START, 2, 4711, (short) 3, new EndTransactionMarker(type, 5)));
        print("leader-change", MemoryRecords.withLeaderChangeMessage(0, START, 1, ByteBuffer.allocate(256),
            new LeaderChangeMessage().setVersion((short) 0).setLeaderId(1).setVoters(List.of(new LeaderChangeMessage.Voter().setVoterId(1)))));
        print("snapshot-header", MemoryRecords.withSnapshotHeaderRecord(0, START, 1, ByteBuffer.allocate(256),
            new SnapshotHeaderRecord().setVersion((short) 0).setLastContainedLogTimestamp(START)));
        print("snapshot-footer", MemoryRecords.withSnapshotFooterRecord(0, START, 1, ByteBuffer.allocate(256),
            new SnapshotFooterRecord().setVersion((short) 0)));
        print("kraft-version", MemoryRecords.withKRaftVersionRecord(0, START, 1, ByteBuffer.allocate(256),
            new KRaftVersionRecord().setVersion((short) 0).setKRaftVersion((short) 1)));
        print("kraft-voters", MemoryRecords.withVotersRecord(0, START, 1, ByteBuffer.allocate(256),
            new VotersRecord().setVersion((short) 0).setVoters(List.of(new VotersRecord.Voter().setVoterId(1)))));
    }

    static MemoryRecordsBuilder builder(CompressionType type, TimestampType time, long producerId, short epoch, int sequence,
                                        boolean transactional, long baseOffset) {
        return MemoryRecords.builder(ByteBuffer.allocate(1 << 20), RecordBatch.MAGIC_VALUE_V2, Compression.of(type).build(), time,
            baseOffset, time == TimestampType.LOG_APPEND_TIME ? START + 77 : -1, producerId, epoch, sequence, transactional, -1);
    }

    /** The same records as `mixed` in tests/wire/test_records.py. */
    static void mixed(MemoryRecordsBuilder builder, int i) {
        byte[] key = i % 3 == 0 ? null : bytes("key-" + i);
        byte[] value = i % 5 == 4 ? null : bytes("value-" + i + "-" + "x".repeat(i * 20));
        Header[] headers = i % 4 != 0 ? new Header[0]
            : new Header[] {new RecordHeader("größe", bytes(String.valueOf(i))), new RecordHeader("", (byte[]) null)};
        builder.append(START + i * 7 % 13 * 100, key, value, headers);
    }

    static byte[] large(int size) {
        byte[] made = new byte[size];
        for (int i = 0; i < size; i++) made[i] = (byte) (i / 100 + i % 7);
        return made;
    }

    static byte[] noise(int size) {
        byte[] made = new byte[size];
        int state = 1;
        for (int i = 0; i < size; i++) {
            state = state * 1103515245 + 12345;
            made[i] = (byte) (state >>> 16);
        }
        return made;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static void print(String name, MemoryRecords records) {
        byte[] data = new byte[records.sizeInBytes()];
        records.buffer().duplicate().get(data);
        System.out.println(name + " " + Base64.getEncoder().encodeToString(data));
    }

    static void judge() throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split(" ", -1);
            System.out.println(parts[0] + " " + parts[1] + " " + verdict(Base64.getDecoder().decode(parts[1])));
        }
    }

    /** The steps of a Produce request: ProduceRequest, then UnifiedLog.analyzeAndValidateRecords, then LogValidator. */
    static String verdict(byte[] data) {
        try {
            MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(data));
            ProduceRequest.validateRecords((short) 9, records);
            CompressionType source = CompressionType.NONE;
            for (MutableRecordBatch batch : records.batches()) {
                if (batch.baseOffset() != 0) throw new InvalidRecordException("base offset");
                if (!((DefaultRecordBatch) batch).isValid()) throw new CorruptRecordException("crc");
                source = CompressionType.forId(batch.compressionType().id);
            }
            LogValidator.MetricsRecorder nobody = (LogValidator.MetricsRecorder) Proxy.newProxyInstance(
                KafkaRecords.class.getClassLoader(), new Class<?>[] {LogValidator.MetricsRecorder.class}, (proxy, method, values) -> null);
            LogValidator.ValidationResult result = new LogValidator(records, new TopicPartition("topic", 0), Time.SYSTEM, source,
                Compression.of(source).build(), false, (byte) 2, TimestampType.CREATE_TIME, Long.MAX_VALUE, Long.MAX_VALUE, 0,
                AppendOrigin.CLIENT).validateMessagesAndAssignOffsets(PrimitiveRef.ofLong(0), nobody, BufferSupplier.create());
            return "NONE " + result.maxTimestampMs();
        } catch (RecordValidationException e) {
            return Errors.forException(e.invalidException()).name();
        } catch (Throwable e) {
            if (System.getenv("EXPLAIN") != null) e.printStackTrace();
            return Errors.forException(e).name();
        }
    }
}
