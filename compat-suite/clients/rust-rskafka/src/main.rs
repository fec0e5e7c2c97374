//! rskafka: a topic by its controller client, ten records into it and back by offset (rskafka has no groups).

use std::{collections::BTreeMap, error::Error, time::Duration};

use chrono::{TimeZone, Utc};
use rskafka::{
    client::{
        partition::{Compression, OffsetAt, UnknownTopicHandling},
        ClientBuilder,
    },
    record::Record,
};

const RECORDS: usize = 10;
const TIMEOUT: Duration = Duration::from_secs(60);

/// The `i`th record; Kafka keeps milliseconds, so its time is made of whole ones.
fn record(i: usize) -> Record {
    Record {
        key: Some(format!("key-{i}").into_bytes()),
        value: Some(format!("value-{i}").into_bytes()),
        headers: BTreeMap::from([("n".to_owned(), format!("{i}").into_bytes())]),
        timestamp: Utc.timestamp_millis_opt(1_700_000_000_000 + i as i64).unwrap(),
    }
}

async fn run(bootstrap: String) -> Result<(), Box<dyn Error>> {
    let client = ClientBuilder::new(vec![bootstrap]).build().await?;
    let topic = format!("rust-rskafka-{}", Utc::now().timestamp_micros());
    client.controller_client()?.create_topic(&topic, 1, 1, 5_000).await?;

    let partition = client.partition_client(&topic, 0, UnknownTopicHandling::Retry).await?;
    let records: Vec<Record> = (0..RECORDS).map(record).collect();
    let offsets = partition.produce(records.clone(), Compression::NoCompression).await?;
    assert_eq!(offsets, (0..RECORDS as i64).collect::<Vec<_>>(), "offsets");

    let (read, high_watermark) = partition.fetch_records(0, 1..1_000_000, 1_000).await?;
    assert_eq!(read.into_iter().map(|r| r.record).collect::<Vec<_>>(), records, "records");
    assert_eq!(high_watermark, RECORDS as i64, "high watermark");
    assert_eq!(partition.get_offset(OffsetAt::Latest).await?, RECORDS as i64, "end offset");
    println!("OK rskafka 0.6.0 {RECORDS}");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bootstrap = std::env::args().nth(1).ok_or("usage: main HOST:PORT")?;
    tokio::time::timeout(TIMEOUT, run(bootstrap)).await?
}
