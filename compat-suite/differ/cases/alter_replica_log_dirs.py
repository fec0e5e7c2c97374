"""AlterReplicaLogDirs: moves between the directories of one broker, which here has only one."""

from differ.talk import Talk

API = "AlterReplicaLogDirs"


def _ask(talk: Talk, path: str, name: str, *partitions: int) -> None:
    talk.ask(dirs=[{"path": path, "topics": [{"name": name, "partitions": list(partitions)}]}])


def _own_path(talk: Talk) -> str:
    answer = talk.ask_quietly("DescribeLogDirs", at=4, topics=[])
    path: str = answer.results[0].log_dir
    return path


def where_it_is(talk: Talk) -> None:
    """A partition that is asked to go where it is: done."""
    topic = talk.topic(partitions=2)
    talk.produce(topic, b"a")
    _ask(talk, _own_path(talk), topic.name, 0, 1)


def no_such_directory(talk: Talk) -> None:
    """A directory that is none of the broker's: by another path, a relative one, an empty one."""
    topic = talk.topic()
    path = _own_path(talk)
    for other in ("/no/such/directory", path + "-other", path + "/", "relative", "", "/"):
        _ask(talk, other, topic.name, 0)


def unknown(talk: Talk) -> None:
    """Topics and partitions that are not there, in a directory that is and in one that is not."""
    topic, path = talk.topic(), _own_path(talk)
    for where in (path, "/no/such/directory"):
        _ask(talk, where, talk.name_of("missing"), 0)
        _ask(talk, where, topic.name, 1, -1)
        _ask(talk, where, "", 0)


def long_name(talk: Talk) -> None:
    """A name so long that a directory beside the partition's own could not be named; and one that just fits."""
    path = _own_path(talk)
    start = talk.name_of("")
    for length in (214, 215, 213):
        _ask(talk, path, start + "x" * (length - len(start)), 0)
    _ask(talk, path, start + "x" * (213 - len(start)), 10)
    _ask(talk, "/no/such/directory", "x" * 249, 0)


def several(talk: Talk) -> None:
    """Some right, some wrong, in one request."""
    one, two, path = talk.topic("one"), talk.topic("two"), _own_path(talk)
    right = [{"name": one.name, "partitions": [0, 1]}, {"name": two.name, "partitions": [0]}]
    wrong = [{"name": two.name, "partitions": [1]}]
    talk.ask(dirs=[{"path": path, "topics": right}, {"path": "/no/such/directory", "topics": wrong}])


def named_twice(talk: Talk) -> None:
    """One partition to two directories: the last one counts."""
    topic, path = talk.topic(), _own_path(talk)
    topics = [{"name": topic.name, "partitions": [0, 0]}]
    for paths in ((path, "/no/such/directory"), ("/no/such/directory", path)):
        talk.ask(dirs=[{"path": each, "topics": topics} for each in paths])


def nothing(talk: Talk) -> None:
    """No directories, no topics, no partitions."""
    talk.ask(dirs=[])
    path = _own_path(talk)
    talk.ask(dirs=[{"path": path, "topics": []}])
    _ask(talk, path, talk.topic().name)
