"""Leaves a broker as it was before a random script: its topics and groups go, and what it set for all."""

from __future__ import annotations

from differ.configs import BROKER, CLUSTER, DELETE, GROUP, METRICS, NODE, SET
from differ.talk import Talk

SET_BY_REQUEST = (2, 3, 7, 8)  # where a config comes from: of a broker, of all, of client metrics, of a group
KEPT = (BROKER, CLUSTER, "min.insync.replicas", "1")  # from the start there, and never taken away


def clean(talk: Talk) -> None:
    """Asks the broker what there is, and takes it away again."""
    _topics_and_groups(talk)
    _configs(talk)
    _quotas_and_users(talk)


def _topics_and_groups(talk: Talk) -> None:
    topics = talk.ask_quietly("Metadata", at=12, topics=None).topics
    names = [topic.name for topic in topics if topic.name.startswith(talk.prefix)]
    if names:
        wanted = [{"name": name} for name in names]
        talk.ask_quietly("DeleteTopics", at=6, topics=wanted, timeout_ms=10_000)
    groups = [group.group_id for group in talk.ask_quietly("ListGroups", at=5).groups]
    if own := [group for group in groups if group.startswith(talk.prefix) or not group]:
        talk.ask_quietly("DeleteGroups", at=2, groups_names=own)


def _configs(talk: Talk) -> None:
    listed = talk.ask_quietly("ListConfigResources", at=1, resource_types=[METRICS, GROUP]).config_resources
    asked: list[tuple[int, str]] = [(BROKER, CLUSTER), (BROKER, NODE)]
    asked += [(one.resource_type, one.resource_name) for one in listed]
    resources = [{"resource_type": kind, "resource_name": name, "configuration_keys": None} for kind, name in asked]
    answer = talk.ask_quietly("DescribeConfigs", at=4, resources=resources)
    for result in answer.results:
        kind, name = result.resource_type, result.resource_name
        for config in result.configs:
            if config.config_source in SET_BY_REQUEST:
                change = {"name": config.name, "config_operation": DELETE}
                if (kind, name, config.name) == KEPT[:-1]:
                    change = {"name": config.name, "config_operation": SET, "value": KEPT[-1]}
                resource = {"resource_type": kind, "resource_name": name, "configs": [change]}
                talk.ask_quietly("IncrementalAlterConfigs", at=1, resources=[resource])


def _quotas_and_users(talk: Talk) -> None:
    entries = talk.ask_quietly("DescribeClientQuotas", at=1, components=[], strict=False).entries
    changes = []
    for entry in entries or ():
        entity = [{"entity_type": e.entity_type, "entity_name": e.entity_name} for e in entry.entity]
        changes.append({"entity": entity, "ops": [{"key": v.key, "remove": True} for v in entry.values]})
    if changes:
        talk.ask_quietly("AlterClientQuotas", at=1, entries=changes)
    users = talk.ask_quietly("DescribeUserScramCredentials", at=0, users=None).results
    gone = [{"name": user.user, "mechanism": one.mechanism} for user in users for one in user.credential_infos]
    for one in gone:  # a user may be altered once in a request
        talk.ask_quietly("AlterUserScramCredentials", at=0, deletions=[one])
