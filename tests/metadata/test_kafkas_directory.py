"""A broker that starts on a directory of Apache Kafka 4.3.1: its metadata log goes on where Kafka left it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.files import RealFiles
from kpybroker.storage.segment import LogConfig
from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from kpybroker.wire.internal import METADATA_TOPIC, decode_metadata
from kpybroker.wire.records import records
from kpybroker.wire.schemas.cluster_nodes import RegisterBrokerRecord
from tests.core import META, START, Bench
from tests.storage.logs import KAFKA

END = 176  # of Kafka's metadata log; one of its records is of the quorum alone, and changes no image


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    shutil.copytree(KAFKA, tmp_path / "data")
    files = RealFiles(str(tmp_path / "data"))
    return Bench(directory=DataDirectory.open(files, META._replace(cluster_id=""), lambda topic: LogConfig(), START))


def test_the_brokers_epoch_is_the_offset_of_its_registration(bench: Bench) -> None:
    """As Kafka's controller gives it (ClusterControlManager.registerBroker): later starts have higher epochs."""
    log = bench.state.directory.logs[METADATA_TOPIC, 0]
    registered = [
        header.base_offset + index
        for header, batch in log.batches()
        if header.base_offset >= END and not header.is_control
        for index, row in enumerate(records(batch, header))
        if isinstance(decode_metadata(row.value or b"")[0], RegisterBrokerRecord)
    ]
    assert [bench.state.image.nodes[1].epoch] == registered


def test_the_quorum_is_as_far_as_its_log(bench: Bench) -> None:
    """DescribeQuorum tells the end of the metadata log, ApiVersions the offset of its last record."""
    quorum = request_type(55)
    partition = quorum.TopicData.PartitionData(partition_index=0)  # type: ignore[attr-defined]
    topics = [quorum.TopicData(topic_name=METADATA_TOPIC, partitions=[partition])]  # type: ignore[attr-defined]
    client = bench.connect()
    (told,) = client.ask(blank(quorum, topics=topics), 2).topics[0].partitions
    end = bench.state.directory.logs[METADATA_TOPIC, 0].end_offset
    assert end > END
    assert (told.high_watermark, told.current_voters[0].log_end_offset) == (end, end)
    versions = blank(request_type(18), client_software_name="test", client_software_version="1")
    assert client.ask(versions, 4).finalized_features_epoch == end - 1


def test_what_is_not_served_is_not_finalized(bench: Bench) -> None:
    """Kafka has left levels of features whose APIs are not served here; a client would choose its protocol by them."""
    assert bench.state.image.features["transaction.version"] == 2
    versions = blank(request_type(18), client_software_name="test", client_software_version="1")
    answer = bench.connect().ask(versions, 4)
    finalized = {feature.name: feature.max_version_level for feature in answer.finalized_features}
    assert finalized == {"metadata.version": 30, "eligible.leader.replicas.version": 1}
    assert finalized.keys() <= {feature.name for feature in answer.supported_features}
