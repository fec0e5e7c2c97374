// Without an authorizer, SASL and delegation tokens: what is refused, and what is kept all the same (quotas, SCRAM).

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialAlteration;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.ResourceNotFoundException;
import org.apache.kafka.common.errors.SecurityDisabledException;
import org.apache.kafka.common.errors.UnacceptableCredentialException;
import org.apache.kafka.common.errors.UnsupportedByAuthenticationException;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

final class Security {
    private static final int ITERATIONS = 4096;

    private final Admin admin;
    private final String user;

    Security(Admin admin, String prefix) {
        this.admin = admin;
        this.user = prefix + "-user";
    }

    void run() throws Exception {
        accessControl();
        tokens();
        scram();
        quotas();
    }

    private void accessControl() throws Exception {
        var entry = new AccessControlEntry("User:" + user, "*", AclOperation.READ, AclPermissionType.ALLOW);
        var binding = new AclBinding(new ResourcePattern(ResourceType.TOPIC, user, PatternType.LITERAL), entry);
        Check.fails("ACLs", SecurityDisabledException.class, admin.describeAcls(AclBindingFilter.ANY).values());
        Check.fails("a new ACL", SecurityDisabledException.class, admin.createAcls(List.of(binding)).all());
        Check.fails("no more ACL", SecurityDisabledException.class,
                admin.deleteAcls(List.of(binding.toFilter())).all());
    }

    private void tokens() throws Exception {
        byte[] hmac = {1, 2, 3};
        Check.fails("tokens", UnsupportedByAuthenticationException.class,
                admin.describeDelegationToken().delegationTokens());
        Check.fails("a new token", UnsupportedByAuthenticationException.class,
                admin.createDelegationToken().delegationToken());
        Check.fails("a renewed token", UnsupportedByAuthenticationException.class,
                admin.renewDelegationToken(hmac).expiryTimestamp());
        Check.fails("an expired token", UnsupportedByAuthenticationException.class,
                admin.expireDelegationToken(hmac).expiryTimestamp());
    }

    private void scram() throws Exception {
        var info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, ITERATIONS);
        alter(new UserScramCredentialUpsertion(user, info, "secret"));
        Check.becomes("among all users", () -> Check.get(admin.describeUserScramCredentials().users()).contains(user),
                true);
        var description = Check.get(admin.describeUserScramCredentials(List.of(user)).description(user));
        Check.equal("credentials", description.credentialInfos(), List.of(info));
        var weak = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 1);
        Check.fails("too few iterations", UnacceptableCredentialException.class,
                admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(user, weak, "secret"))).all());
        alter(new UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_256));
        var again = new UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_256);
        Check.fails("deleted twice", ResourceNotFoundException.class,
                admin.alterUserScramCredentials(List.of(again)).all());
        Check.becomes("among all users", () -> Check.get(admin.describeUserScramCredentials().users()).contains(user),
                false);
        Check.fails("nobody", ResourceNotFoundException.class,
                admin.describeUserScramCredentials(List.of(user)).description(user));
    }

    private void alter(UserScramCredentialAlteration alteration) throws Exception {
        Check.get(admin.alterUserScramCredentials(List.of(alteration)).all());
    }

    private void quotas() throws Exception {
        var entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, user));
        var filter = ClientQuotaFilter.containsOnly(
                List.of(ClientQuotaFilterComponent.ofEntity(ClientQuotaEntity.USER, user)));
        alter(entity, List.of(
                new ClientQuotaAlteration.Op("producer_byte_rate", 1024.0),
                new ClientQuotaAlteration.Op("request_percentage", 12.5)));
        Check.becomes("quotas", () -> Check.get(admin.describeClientQuotas(filter).entities()),
                Map.of(entity, Map.of("producer_byte_rate", 1024.0, "request_percentage", 12.5)));
        alter(entity, List.of(new ClientQuotaAlteration.Op("producer_byte_rate", null)));
        Check.becomes("a quota less",
                () -> Check.get(admin.describeClientQuotas(ClientQuotaFilter.all()).entities()).get(entity),
                Map.of("request_percentage", 12.5));
        alter(entity, List.of(new ClientQuotaAlteration.Op("request_percentage", null)));
        Check.becomes("no quotas", () -> Check.get(admin.describeClientQuotas(filter).entities()), Map.of());
        var unknown = new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op("no_such_quota", 1.0)));
        Check.fails("an unknown quota", InvalidRequestException.class, admin.alterClientQuotas(List.of(unknown)).all());
    }

    private void alter(ClientQuotaEntity entity, Collection<ClientQuotaAlteration.Op> operations) throws Exception {
        Check.get(admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, operations))).all());
    }
}
