"""ListConfigResources: which resources have configs; version 0 knows subscriptions to metrics alone (KIP-1142)."""

from differ.configs import BROKER, DELETE, GROUP, LOGGER, METRICS, TOPIC, describe, op, quietly
from differ.talk import Talk, versions

API = "ListConfigResources"


def everything(talk: Talk) -> None:
    """No kind named: all kinds that the version knows."""
    talk.topic()
    talk.ask()


def subscriptions(talk: Talk) -> None:
    """There when it has a config, gone with the last one."""
    name = talk.name_of("metrics")
    for changes, there in (
        ([op("interval.ms", "1000"), op("metrics", "*")], True),
        ([op("interval.ms", None, DELETE)], True),
        ([op("metrics", None, DELETE)], False),
    ):
        quietly(talk, METRICS, name, *changes)
        talk.until(
            lambda a, there=there: (name in [each.resource_name for each in a.config_resources]) is there,
            resource_types=[METRICS] if talk.version else [],
        )


@versions("1+")
def groups(talk: Talk) -> None:
    """A group is listed for its configs, whether there is such a group or not."""
    name = talk.name_of("group")
    quietly(talk, GROUP, name, op("consumer.session.timeout.ms", "50000"))
    describe(talk, GROUP, name, consumer__session__timeout__ms="50000")
    talk.until(lambda a: name in [each.resource_name for each in a.config_resources], resource_types=[GROUP])
    quietly(talk, GROUP, name, op("consumer.session.timeout.ms", None, DELETE))
    talk.until(lambda a: name not in [each.resource_name for each in a.config_resources], resource_types=[GROUP])


@versions("1+")
def kinds(talk: Talk) -> None:
    """One kind, several, one twice, kinds that are none."""
    talk.topic(configs={"retention.ms": "1000"})
    talk.topic("plain")
    for asked in ([TOPIC], [BROKER], [LOGGER], [LOGGER, BROKER], [TOPIC, BROKER, TOPIC]):
        talk.ask(resource_types=asked)
    for asked in ([0], [1], [64], [-1], [TOPIC, 3]):
        talk.ask(resource_types=asked)


def only_subscriptions(talk: Talk) -> None:
    """The one kind of version 0, by default and by name."""
    talk.ask(resource_types=[METRICS] if talk.version else [])
