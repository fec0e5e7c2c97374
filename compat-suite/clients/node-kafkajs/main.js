// kafkajs: a topic by its admin client, ten records by the idempotent producer, read back in a group and committed.
//
// KAFKA_RELEASE says what the broker is, where it is an old one: before 0.11 there are no idempotent producers and no
// headers, and before 0.10.1 the broker makes the topic.
const assert = require('node:assert/strict')
const { Kafka, logLevel } = require('kafkajs')
const { version } = require('kafkajs/package.json')

const RECORDS = 10
const RELEASE = process.env.KAFKA_RELEASE || '4.3'
const IS_OLD = RELEASE.startsWith('0.10.')

function check(message, number) {
  assert.equal(message.key.toString(), `key-${number}`)
  assert.equal(message.value.toString(), `value-${number}`)
  if (!IS_OLD) assert.equal(message.headers.n.toString(), `${number}`)
}

async function produce(kafka, topic) {
  const producer = kafka.producer({ idempotent: !IS_OLD })
  await producer.connect()
  for (let i = 0; i < RECORDS; i++) {
    const headers = IS_OLD ? undefined : { n: `${i}` }
    await producer.send({ topic, messages: [{ key: `key-${i}`, value: `value-${i}`, headers }] })
  }
  await producer.disconnect()
}

async function consumeAndCommit(kafka, topic, groupId) {
  const consumer = kafka.consumer({ groupId })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const messages = []
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, (event) => reject(event.payload.error))
    consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => messages.push(message) === RECORDS && resolve()
    })
  })
  messages.forEach(check)
  await consumer.commitOffsets([{ topic, partition: 0, offset: `${RECORDS}` }])
  await consumer.disconnect()
}

async function main(bootstrap) {
  const topic = `node-kafkajs-${Date.now()}-${process.pid}`
  const groupId = `group-${topic}`
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR })
  const admin = kafka.admin()
  await admin.connect()
  if (RELEASE !== '0.10.0') await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }], waitForLeaders: true })
  await produce(kafka, topic)
  await consumeAndCommit(kafka, topic, groupId)
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
  assert.equal(committed.partitions[0].offset, `${RECORDS}`)
  await admin.disconnect()
  console.log(`OK kafkajs ${version} ${RECORDS}`)
}

process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1'
main(process.argv[2]).catch((error) => {
  console.error(`FAILED: ${error.stack}`)
  process.exit(1)
})
