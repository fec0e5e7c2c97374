// Reads messages with Apache Kafka's own classes and writes them again, with what they say. See README.md beside this file.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

public class KafkaCodec {
    static final String[] PACKAGES = {
        "org.apache.kafka.common.message.", "org.apache.kafka.common.metadata.", "org.apache.kafka.raft.generated.",
        "org.apache.kafka.coordinator.group.generated.", "org.apache.kafka.coordinator.transaction.generated.",
        "org.apache.kafka.coordinator.share.generated.", "org.apache.kafka.server.log.remote.metadata.storage.generated.",
    };

    static Class<?> find(String name) {
        for (String place : PACKAGES)
            for (String suffix : new String[] {"", "Data"})
                try {
                    return Class.forName(place + name + suffix);
                } catch (ClassNotFoundException elsewhere) {
                    continue;
                }
        throw new IllegalArgumentException(name);
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            short version = Short.parseShort(words[2]);
            Class<?> made = find(words[1]);
            Message message = (Message) made.getDeclaredConstructor().newInstance();
            ByteBuffer given = ByteBuffer.wrap(HexFormat.of().parseHex(words.length > 3 ? words[3] : ""));
            message.read(new ByteBufferAccessor(given), version);
            if (given.hasRemaining()) throw new IllegalStateException("bytes left over: " + line);
            ObjectSerializationCache cache = new ObjectSerializationCache();
            ByteBuffer written = ByteBuffer.allocate(message.size(cache, version));
            message.write(new ByteBufferAccessor(written), cache, version);
            Object says = Class.forName(made.getName() + "JsonConverter").getMethod("write", made, short.class).invoke(null, message, version);
            out.println(words[0] + " " + words[1] + " " + version + " " + HexFormat.of().formatHex(written.array()) + " " + says);
        }
    }
}
