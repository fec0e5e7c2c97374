// Settings of every kind of resource: described, altered, refused, listed, and given back.

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.ListConfigResourcesOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

final class Configs {
    private final Admin admin;
    private final String name;
    private final ConfigResource topic;
    private ConfigResource broker;

    Configs(Admin admin, String prefix) {
        this.admin = admin;
        this.name = prefix + "-configs";
        this.topic = new ConfigResource(ConfigResource.Type.TOPIC, name);
    }

    void run() throws Exception {
        int id = Check.get(admin.describeCluster().nodes()).iterator().next().id();
        broker = new ConfigResource(ConfigResource.Type.BROKER, Integer.toString(id));
        Check.get(admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all());
        Check.becomes("the topic in the list", () -> names(ConfigResource.Type.TOPIC).contains(name), true);
        topics();
        refusals();
        brokers();
        everyBroker();
        groups();
        metrics();
        Check.get(admin.deleteTopics(List.of(name)).all());
        Check.becomes("the topic in the list", () -> names(ConfigResource.Type.TOPIC).contains(name), false);
        Check.fails("settings of a topic that is gone", UnknownTopicOrPartitionException.class,
                admin.describeConfigs(List.of(topic)).all());
    }

    private void topics() throws Exception {
        described(topic, "retention.ms", "604800000", ConfigSource.DEFAULT_CONFIG);
        alter(topic, set("retention.ms", "5000"), set("cleanup.policy", "delete"));
        described(topic, "retention.ms", "5000", ConfigSource.DYNAMIC_TOPIC_CONFIG);
        alter(topic, new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"), OpType.APPEND));
        described(topic, "cleanup.policy", "delete,compact", ConfigSource.DYNAMIC_TOPIC_CONFIG);
        alter(topic, new AlterConfigOp(new ConfigEntry("cleanup.policy", "delete"), OpType.SUBTRACT));
        described(topic, "cleanup.policy", "compact", ConfigSource.DYNAMIC_TOPIC_CONFIG);
        alter(topic, delete("retention.ms"), delete("cleanup.policy"));
        described(topic, "retention.ms", "604800000", ConfigSource.DEFAULT_CONFIG);
        described(topic, "cleanup.policy", "delete", ConfigSource.DEFAULT_CONFIG);

        var entry = entry(topic, "min.insync.replicas");
        Check.equal("type", entry.type(), ConfigEntry.ConfigType.INT);
        Check.equal("read only", entry.isReadOnly(), false);
        Check.equal("sensitive", entry.isSensitive(), false);
        Check.equal("synonyms not asked for", entry.synonyms(), List.of());
        var options = new DescribeConfigsOptions().includeSynonyms(true);
        var synonyms = Check.get(admin.describeConfigs(List.of(topic),
                options).all()).get(topic).get("segment.bytes").synonyms();
        Check.equal("the last synonym", synonyms.get(synonyms.size() - 1).name(), "log.segment.bytes");
    }

    private void refusals() throws Exception {
        refused("an unknown setting", InvalidConfigurationException.class, topic, set("no.such.setting", "1"));
        refused("a wrong type", InvalidConfigurationException.class, topic, set("retention.ms", "soon"));
        refused("a value out of range", InvalidConfigurationException.class, topic, set("min.insync.replicas", "0"));
        refused("appended to no list", InvalidConfigurationException.class, topic,
                new AlterConfigOp(new ConfigEntry("retention.ms", "1"), OpType.APPEND));
        refused("a setting twice", InvalidRequestException.class, topic, set("retention.ms", "1"),
                set("retention.ms", "2"));
        refused("no topic", UnknownTopicOrPartitionException.class,
                new ConfigResource(ConfigResource.Type.TOPIC, name + "-no"), set("retention.ms", "1"));
        var tried = new AlterConfigsOptions().validateOnly(true);
        Check.get(admin.incrementalAlterConfigs(Map.of(topic, List.of(set("retention.ms", "1"))), tried).all());
        described(topic, "retention.ms", "604800000", ConfigSource.DEFAULT_CONFIG);
    }

    private void brokers() throws Exception {
        described(broker, "node.id", broker.name(), ConfigSource.STATIC_BROKER_CONFIG);
        Check.equal("node.id read only", entry(broker, "node.id").isReadOnly(), true);
        alter(broker, set("log.cleaner.threads", "2"));
        described(broker, "log.cleaner.threads", "2", ConfigSource.DYNAMIC_BROKER_CONFIG);
        alter(broker, delete("log.cleaner.threads"));
        described(broker, "log.cleaner.threads", "1", ConfigSource.DEFAULT_CONFIG);
        alter(broker, set("listener.name.internal.ssl.key.password", "secret"));
        Check.becomes("a password", () -> entry(broker, "listener.name.internal.ssl.key.password").value(), null);
        Check.equal("sensitive", entry(broker, "listener.name.internal.ssl.key.password").isSensitive(), true);
        alter(broker, delete("listener.name.internal.ssl.key.password"));
        refused("a setting that is read only", InvalidRequestException.class, broker, set("node.id", "7"));
        var loggers = new ConfigResource(ConfigResource.Type.BROKER_LOGGER, broker.name());
        Check.that("a root logger", entry(loggers, "root").value() != null);
        alter(loggers, set("root", entry(loggers, "root").value()));
    }

    private void everyBroker() throws Exception {
        var all = new ConfigResource(ConfigResource.Type.BROKER, "");
        alter(all, set("log.retention.ms", "7200000"));
        described(all, "log.retention.ms", "7200000", ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
        described(broker, "log.retention.ms", "7200000", ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
        described(topic, "retention.ms", "7200000", ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
        alter(all, delete("log.retention.ms"));
        described(topic, "retention.ms", "604800000", ConfigSource.DEFAULT_CONFIG);
    }

    private void groups() throws Exception {
        var group = new ConfigResource(ConfigResource.Type.GROUP, name);
        alter(group, set("consumer.session.timeout.ms", "50000"));
        described(group, "consumer.session.timeout.ms", "50000", ConfigSource.DYNAMIC_GROUP_CONFIG);
        Check.becomes("a group in the list", () -> names(ConfigResource.Type.GROUP).contains(name), true);
        refused("out of the broker's range", InvalidConfigurationException.class, group,
                set("consumer.session.timeout.ms", "1"));
        alter(group, delete("consumer.session.timeout.ms"));
        described(group, "consumer.session.timeout.ms", "45000", ConfigSource.DEFAULT_CONFIG);
    }

    private void metrics() throws Exception {
        var metrics = new ConfigResource(ConfigResource.Type.CLIENT_METRICS, name);
        alter(metrics, set("interval.ms", "1000"), set("metrics", "org.apache.kafka.producer."));
        described(metrics, "interval.ms", "1000", ConfigSource.DYNAMIC_CLIENT_METRICS_CONFIG);
        Check.that("a subscription in the list", names(ConfigResource.Type.CLIENT_METRICS).contains(name));
        refused("an interval too short", InvalidRequestException.class, metrics, set("interval.ms", "1"));
        alter(metrics, delete("interval.ms"), delete("metrics"));
        Check.becomes("a subscription in the list", () -> names(ConfigResource.Type.CLIENT_METRICS).contains(name),
                false);
        Check.that("the topic in the list", names(ConfigResource.Type.TOPIC).contains(name));
        Check.that("the broker in the list", names(ConfigResource.Type.BROKER).contains(broker.name()));
    }

    private Set<String> names(ConfigResource.Type type) throws Exception {
        var listed = admin.listConfigResources(Set.of(type), new ListConfigResourcesOptions());
        return Check.get(listed.all()).stream().map(ConfigResource::name).collect(Collectors.toSet());
    }

    private void described(ConfigResource resource, String setting, String value,
            ConfigSource source) throws Exception {
        Check.becomes(setting, () -> entry(resource, setting).value(), value);
        Check.equal("source of " + setting, entry(resource, setting).source(), source);
    }

    private ConfigEntry entry(ConfigResource resource, String setting) throws Exception {
        var found = Check.get(admin.describeConfigs(List.of(resource)).all()).get(resource).get(setting);
        return found == null ? new ConfigEntry(setting, "not described") : found;
    }

    private void alter(ConfigResource resource, AlterConfigOp... operations) throws Exception {
        Check.get(admin.incrementalAlterConfigs(Map.of(resource, List.of(operations))).all());
    }

    private void refused(String what, Class<? extends Throwable> error, ConfigResource resource,
            AlterConfigOp... operations)
            throws Exception {
        Map<ConfigResource, Collection<AlterConfigOp>> changes = Map.of(resource, List.of(operations));
        Check.fails(what, error, admin.incrementalAlterConfigs(changes).all());
    }

    private static AlterConfigOp set(String setting, String value) {
        return new AlterConfigOp(new ConfigEntry(setting, value), OpType.SET);
    }

    private static AlterConfigOp delete(String setting) {
        return new AlterConfigOp(new ConfigEntry(setting, ""), OpType.DELETE);
    }
}
