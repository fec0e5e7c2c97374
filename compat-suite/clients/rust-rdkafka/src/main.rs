//! rdkafka (Rust): a topic by its admin client, ten records by an idempotent producer, read back in a group, committed.

use std::{
    error::Error,
    time::{Duration, SystemTime},
};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    config::ClientConfig,
    consumer::{CommitMode, Consumer, StreamConsumer},
    message::{Header, Headers, Message, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
    Offset,
};

const RECORDS: usize = 10;
const TIMEOUT: Duration = Duration::from_secs(30);

type Outcome = Result<(), Box<dyn Error>>;

fn config(bootstrap: &str, settings: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config
}

async fn create_topic(bootstrap: &str, topic: &str) -> Outcome {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap, &[]).create()?;
    let wanted = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    for result in admin.create_topics(&[wanted], &AdminOptions::new()).await? {
        result.map_err(|(name, error)| format!("create topic {name}: {error}"))?;
    }
    Ok(())
}

async fn produce(bootstrap: &str, topic: &str) -> Outcome {
    let producer: FutureProducer = config(bootstrap, &[("enable.idempotence", "true")]).create()?;
    for i in 0..RECORDS {
        let (key, value, number) = (format!("key-{i}"), format!("value-{i}"), i.to_string());
        let headers = OwnedHeaders::new().insert(Header { key: "n", value: Some(&number) });
        let record = FutureRecord::to(topic).key(&key).payload(&value).headers(headers);
        producer.send(record, TIMEOUT).await.map_err(|(error, _)| error)?;
    }
    Ok(())
}

async fn consume_and_commit(bootstrap: &str, topic: &str) -> Outcome {
    let group = format!("group-{topic}");
    let settings = [("group.id", group.as_str()), ("auto.offset.reset", "earliest"), ("enable.auto.commit", "false")];
    let consumer: StreamConsumer = config(bootstrap, &settings).create()?;
    consumer.subscribe(&[topic])?;
    for i in 0..RECORDS {
        let message = tokio::time::timeout(TIMEOUT, consumer.recv()).await??;
        assert_eq!(message.key(), Some(format!("key-{i}").as_bytes()), "key");
        assert_eq!(message.payload(), Some(format!("value-{i}").as_bytes()), "value");
        let header = message.headers().ok_or("no headers")?.get(0);
        assert_eq!(header.value, Some(i.to_string().as_bytes()), "header");
    }
    consumer.commit_consumer_state(CommitMode::Sync)?;
    let committed = consumer.committed(TIMEOUT)?;
    let offset = committed.find_partition(topic, 0).ok_or("nothing committed")?.offset();
    assert_eq!(offset, Offset::Offset(RECORDS as i64), "committed");
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let bootstrap = std::env::args().nth(1).ok_or("usage: main HOST:PORT")?;
    let topic = format!("rust-rdkafka-{}", SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_micros());
    create_topic(&bootstrap, &topic).await?;
    produce(&bootstrap, &topic).await?;
    consume_and_commit(&bootstrap, &topic).await?;
    let (_, library) = rdkafka::util::get_rdkafka_version();
    println!("OK rdkafka (Rust) 0.39.0 librdkafka {library} {RECORDS}");
    Ok(())
}
