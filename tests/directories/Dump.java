// Kafka's tool that reads files, once for each line of its input: KIND TAB ARGUMENTS, separated by tabs.
// What it says of one kind stands between lines that begin with "== ".

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;

public class Dump {
    public static void main(String[] arguments) throws Exception {
        var input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] parts = line.split("\t");
            System.out.println("== " + parts[0]);
            org.apache.kafka.tools.DumpLogSegments.main(Arrays.copyOfRange(parts, 1, parts.length));
        }
    }
}
