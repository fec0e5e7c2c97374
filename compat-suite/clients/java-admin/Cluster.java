// The cluster itself: its brokers, quorum, features and directories' sizes, and what one broker cannot be asked for.

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.RaftVoterEndpoint;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.BrokerIdNotRegisteredException;
import org.apache.kafka.common.errors.InvalidUpdateVersionException;
import org.apache.kafka.common.errors.UnsupportedVersionException;

final class Cluster {
    private static final int NO_BROKER = 9999;
    private static final Set<AclOperation> ON_THE_CLUSTER = Set.of(
            AclOperation.CREATE, AclOperation.ALTER, AclOperation.DESCRIBE, AclOperation.CLUSTER_ACTION,
            AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS, AclOperation.IDEMPOTENT_WRITE);
    private static final String ELIGIBLE_REPLICAS = "eligible.leader.replicas.version";

    private final Admin admin;
    private final String prefix;

    Cluster(Admin admin, String prefix) {
        this.admin = admin;
        this.prefix = prefix;
    }

    void run() throws Exception {
        brokers();
        quorum();
        features();
    }

    private void brokers() throws Exception {
        var cluster = admin.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true));
        var nodes = Check.get(cluster.nodes());
        Check.equal("brokers", nodes.size(), 1);
        var broker = nodes.iterator().next();
        Check.equal("controller", Check.get(cluster.controller()), broker);
        Check.equal("fenced", broker.isFenced(), false);
        Check.equal("length of the cluster's id", Check.get(cluster.clusterId()).length(), 22);
        Check.equal("operations", Check.get(cluster.authorizedOperations()), ON_THE_CLUSTER);
        var fenced = admin.describeCluster(new DescribeClusterOptions().includeFencedBrokers(true));
        Check.equal("with fenced brokers", Check.get(fenced.nodes()).size(), 1);
        Check.equal("operations not asked for", Check.get(fenced.authorizedOperations()), null);
        Check.fails("unregistered", BrokerIdNotRegisteredException.class, admin.unregisterBroker(NO_BROKER).all());
    }

    private void quorum() throws Exception {
        var quorum = Check.get(admin.describeMetadataQuorum().quorumInfo());
        int leader = Check.get(admin.describeCluster().nodes()).iterator().next().id();
        Check.equal("leader", quorum.leaderId(), leader);
        Check.equal("voters", quorum.voters().size(), 1);
        Check.equal("observers", quorum.observers().size(), 0);
        Check.equal("nodes", quorum.nodes().keySet(), Set.of(leader));
        var voter = quorum.voters().get(0);
        Check.equal("voter", voter.replicaId(), leader);
        Check.that("an epoch", quorum.leaderEpoch() >= 1);
        Check.that("a voter not behind", voter.logEndOffset() >= quorum.highWatermark() && quorum.highWatermark() > 0);
        Check.that("a voter that fetches", voter.lastFetchTimestamp().isPresent());
        Check.that("a voter that caught up", voter.lastCaughtUpTimestamp().isPresent());
        if (Check.get(admin.describeFeatures().featureMetadata()).finalizedFeatures().containsKey("kraft.version")) {
            return; // a quorum that may change, which is not one broker's to try
        }
        var endpoint = Set.of(new RaftVoterEndpoint("CONTROLLER", "127.0.0.1", 1));
        Check.fails("a voter more", UnsupportedVersionException.class,
                admin.addRaftVoter(NO_BROKER, Uuid.randomUuid(), endpoint).all());
        Check.fails("a voter less", UnsupportedVersionException.class,
                admin.removeRaftVoter(leader, Uuid.randomUuid()).all());
    }

    private void features() throws Exception {
        var features = Check.get(admin.describeFeatures().featureMetadata());
        Check.that("an epoch of features", features.finalizedFeaturesEpoch().isPresent());
        var supported = features.supportedFeatures().get("metadata.version");
        short level = features.finalizedFeatures().get("metadata.version").maxVersionLevel();
        Check.that("metadata.version within what is supported",
                supported.minVersion() <= level && level <= supported.maxVersion());
        Check.equal("levels at once", features.finalizedFeatures().get("metadata.version").minVersionLevel(), level);

        for (short to : new short[] {0, 1}) {
            var way = to == 0 ? FeatureUpdate.UpgradeType.SAFE_DOWNGRADE : FeatureUpdate.UpgradeType.UPGRADE;
            var tried = new UpdateFeaturesOptions().validateOnly(true);
            Check.get(admin.updateFeatures(Map.of(ELIGIBLE_REPLICAS, new FeatureUpdate(to, way)), tried).all());
        }
        var after = Check.get(admin.describeFeatures().featureMetadata());
        Check.equal("features after a try", after.finalizedFeatures(), features.finalizedFeatures());
        var unknown = Map.of(prefix, new FeatureUpdate((short) 1, FeatureUpdate.UpgradeType.UPGRADE));
        Check.fails("an unknown feature", InvalidUpdateVersionException.class,
                admin.updateFeatures(unknown, new UpdateFeaturesOptions()).all());
        var tooHigh = new FeatureUpdate((short) (supported.maxVersion() + 1), FeatureUpdate.UpgradeType.UPGRADE);
        Check.fails("a level too high", InvalidUpdateVersionException.class,
                admin.updateFeatures(Map.of("metadata.version", tooHigh), new UpdateFeaturesOptions()).all());
    }
}
