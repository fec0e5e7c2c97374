// node-rdkafka: a topic by its admin client, ten records by an idempotent producer, read back in a group and committed.
const assert = require('node:assert/strict')
const rdkafka = require('node-rdkafka')
const { version } = require('node-rdkafka/package.json')

const RECORDS = 10
const TIMEOUT_MS = 30000
const bootstrap = { 'metadata.broker.list': process.argv[2] }
const topic = `node-rdkafka-${Date.now()}-${process.pid}`

// ready(client): the client, once it is connected.
function ready(client) {
  return new Promise((resolve, reject) => {
    client.once('ready', () => resolve(client)).once('event.error', reject)
    client.connect({}, (error) => error && reject(error))
  })
}

// call(start): the value that `start` hands to its Node-style callback.
function call(start) {
  return new Promise((resolve, reject) => start((error, value) => (error ? reject(error) : resolve(value))))
}

async function createTopic() {
  const admin = rdkafka.AdminClient.create(bootstrap)
  await call((done) => admin.createTopic({ topic, num_partitions: 1, replication_factor: 1 }, TIMEOUT_MS, done))
  admin.disconnect()
}

async function produce() {
  const producer = await ready(new rdkafka.Producer({ ...bootstrap, 'enable.idempotence': true, dr_cb: true }))
  producer.setPollInterval(20)
  const delivered = new Promise((resolve, reject) => {
    let reports = 0
    producer.on('delivery-report', (error) => (error ? reject(error) : ++reports === RECORDS && resolve()))
  })
  for (let i = 0; i < RECORDS; i++) {
    producer.produce(topic, null, Buffer.from(`value-${i}`), `key-${i}`, null, null, [{ n: `${i}` }])
  }
  await delivered
  await call((done) => producer.disconnect(done))
}

async function consumeAndCommit() {
  const settings = { ...bootstrap, 'group.id': `group-${topic}`, 'enable.auto.commit': false }
  const consumer = await ready(new rdkafka.KafkaConsumer(settings, { 'auto.offset.reset': 'earliest' }))
  consumer.subscribe([topic])
  const messages = []
  while (messages.length < RECORDS) {
    messages.push(...(await call((done) => consumer.consume(RECORDS - messages.length, done))))
  }
  messages.forEach((message, i) => {
    assert.equal(message.key.toString(), `key-${i}`)
    assert.equal(message.value.toString(), `value-${i}`)
    assert.equal(message.headers[0].n.toString(), `${i}`)
  })
  consumer.commitSync(null)
  const [committed] = await call((done) => consumer.committed([{ topic, partition: 0 }], TIMEOUT_MS, done))
  assert.equal(committed.offset, RECORDS)
  await call((done) => consumer.disconnect(done))
}

async function main() {
  await createTopic()
  await produce()
  await consumeAndCommit()
  console.log(`OK node-rdkafka ${version} librdkafka ${rdkafka.librdkafkaVersion} ${RECORDS}`)
  process.exit(0) // its background threads outlive the last disconnect
}

main().catch((error) => {
  console.error(`FAILED: ${error.stack ?? error}`)
  process.exit(1)
})
