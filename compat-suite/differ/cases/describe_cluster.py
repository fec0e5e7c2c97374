"""DescribeCluster: brokers, and controllers where one may ask for them."""

from differ.talk import Talk, versions

API = "DescribeCluster"


def brokers(talk: Talk) -> None:
    """The brokers, as a client sees them."""
    talk.ask()


def asked_twice(talk: Talk) -> None:
    """The same answer twice."""
    talk.ask()
    talk.ask()


def authorized_operations(talk: Talk) -> None:
    """What one may do, where no authorizer is set."""
    talk.ask(include_cluster_authorized_operations=True)


@versions("1+")
def endpoint_types(talk: Talk) -> None:
    """Brokers, controllers (which a broker does not describe), and types that are none (KIP-919)."""
    for endpoint_type in (1, 2, 0, 3, -1):
        talk.ask(endpoint_type=endpoint_type)


@versions("2+")
def fenced_brokers(talk: Talk) -> None:
    """Fenced brokers too (KIP-1073)."""
    talk.ask(include_fenced_brokers=True)


def after_metadata(talk: Talk) -> None:
    """It says what Metadata says."""
    talk.ask("Metadata", at=9, topics=[])
    talk.ask()


@versions("1+")
def everything_of_controllers(talk: Talk) -> None:
    """Whatever else is asked for, a broker does not describe controllers."""
    more = {"include_cluster_authorized_operations": True, "include_fenced_brokers": True}
    talk.ask(endpoint_type=2, **more)
    talk.ask(endpoint_type=1, **more)


def as_others_say(talk: Talk) -> None:
    """The same controller, brokers and rights as Metadata tells."""
    asked = {"topics": [], "include_cluster_authorized_operations": True}
    talk.ask("Metadata", at=10, **asked)
    talk.ask(include_cluster_authorized_operations=True)
    talk.ask("FindCoordinator", at=4, key_type=0, coordinator_keys=[talk.name_of("group")])
