"""A broker whose topics shall have three replicas each where nobody says otherwise, though it is alone."""

from differ.talk import Talk, versions

API = "CreateTopics"
TOLD = {"default.replication.factor": "3", "min.insync.replicas": "2"}


def by_default(talk: Talk) -> None:
    """A topic with the broker's defaults cannot be; with its own factor it can."""
    talk.leave_open("configs", because="what a new topic is set to is compared where CreateTopics is")
    name = talk.name_of("topic")
    for factor in (-1, 3, 1):
        wanted = {"name": name, "num_partitions": 1, "replication_factor": factor}
        talk.ask(topics=[wanted], timeout_ms=10_000)


@versions("4")
def by_asking(talk: Talk) -> None:
    """A topic that is asked for is not created either."""
    name = talk.name_of("topic")
    for _ in range(2):
        talk.ask("Metadata", at=4, topics=[{"name": name}], allow_auto_topic_creation=True)
    talk.ask("Metadata", at=4, topics=[{"name": name}], allow_auto_topic_creation=False)


@versions("4")
def grown(talk: Talk) -> None:
    """A topic grows by its own factor."""
    topic = talk.topic()
    talk.ask(
        "CreatePartitions", at=3, topics=[{"name": topic.name, "count": 2, "assignments": None}], timeout_ms=10_000
    )
    by_hand = [{"broker_ids": [1]}]
    talk.ask(
        "CreatePartitions", at=3, topics=[{"name": topic.name, "count": 3, "assignments": by_hand}], timeout_ms=10_000
    )
    talk.await_topic(topic.name, 3)
    talk.ask("Metadata", at=9, topics=[{"name": topic.name}], allow_auto_topic_creation=False)
