// Apache Kafka's Java admin client: what a cluster without security answers to every operation that it has.

import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.utils.AppInfoParser;

public final class Main {
    public static void main(String[] arguments) throws Exception {
        String bootstrap = arguments[0];
        String prefix = "java-admin-" + System.currentTimeMillis() + "-" + ProcessHandle.current().pid();
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            new Cluster(admin, prefix).run();
            new Topics(admin, prefix).run();
            new Records(admin, bootstrap, prefix).run();
            new Configs(admin, prefix).run();
            new Groups(admin, bootstrap, prefix).run();
            new Security(admin, prefix).run();
        }
        System.out.println("OK Java admin " + AppInfoParser.getVersion() + " " + Check.checks());
    }
}
