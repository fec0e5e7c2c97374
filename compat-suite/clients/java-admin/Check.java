// What the rooms of this program ask of an answer; every check is counted.

import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.KafkaFuture;

final class Check {
    private static final int TIMEOUT_S = 30;
    private static final int TURN_MS = 50;
    private static final int TURNS = 200;
    private static int checks;
    private static int turns;

    private Check() {}

    static int checks() {
        return checks;
    }

    /** Waits a little; false when that was often enough. */
    private static boolean soon() throws InterruptedException {
        Thread.sleep(TURN_MS);
        return ++turns < TURNS;
    }

    /** The value of an answer that must be no error. */
    static <T> T get(KafkaFuture<T> answer) throws Exception {
        return answer.get(TIMEOUT_S, TimeUnit.SECONDS);
    }

    static void equal(String what, Object got, Object wanted) {
        checks++;
        if (!Objects.equals(got, wanted)) {
            throw new AssertionError(what + " is " + got + ", not " + wanted);
        }
    }

    /** What a broker learns from its controller: in Apache Kafka a moment after the answer to the change. */
    static <T> void becomes(String what, Callable<T> asked, T wanted) throws Exception {
        T got = asked.call();
        while (!Objects.equals(got, wanted) && soon()) {
            got = asked.call();
        }
        equal(what, got, wanted);
    }

    static void that(String what, boolean holds) {
        checks++;
        if (!holds) {
            throw new AssertionError(what + " does not hold");
        }
    }

    /** The answer is an error of exactly this kind. */
    static void fails(String what, Class<? extends Throwable> error, KafkaFuture<?> answer) throws Exception {
        try {
            Object value = answer.get(TIMEOUT_S, TimeUnit.SECONDS);
            throw new AssertionError(what + " is " + value + ", not " + error.getSimpleName());
        } catch (ExecutionException failed) {
            equal(what, failed.getCause().getClass(), error);
        }
    }
}
