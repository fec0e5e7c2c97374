// @platformatic/kafka: a topic by its admin client, ten records by its producer, read back in a group and committed.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'

const RECORDS = 10
const bootstrapBrokers = [process.argv[2]]
const topic = `node-platformatic-${Date.now()}-${process.pid}`
const groupId = `group-${topic}`

async function createTopic() {
  const admin = new Admin({ clientId: 'admin', bootstrapBrokers })
  await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
  await admin.close()
}

async function produce() {
  const producer = new Producer({
    clientId: 'producer',
    bootstrapBrokers,
    idempotent: true,
    serializers: stringSerializers,
    retries: 20,
    retryDelay: 100
  })
  const numbers = [...Array(RECORDS).keys()]
  await producer.send({
    messages: numbers.map((i) => ({ topic, key: `key-${i}`, value: `value-${i}`, headers: { n: `${i}` } }))
  })
  await producer.close()
}

async function consumeAndCommit() {
  const consumer = new Consumer({ groupId, clientId: 'consumer', bootstrapBrokers, deserializers: stringDeserializers })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
  let received = 0
  for await (const message of stream) {
    assert.equal(message.key, `key-${received}`)
    assert.equal(message.value, `value-${received}`)
    assert.equal(message.headers.get('n'), `${received}`)
    if (++received === RECORDS) {
      await message.commit()
      break
    }
  }
  const committed = await consumer.listCommittedOffsets({ topics: [{ topic, partitions: [0] }] })
  assert.deepEqual(committed.get(topic), [BigInt(RECORDS)])
  await consumer.close(true)
}

await createTopic()
await produce()
await consumeAndCommit()
const { version } = JSON.parse(await readFile('node_modules/@platformatic/kafka/package.json', 'utf8'))
console.log(`OK @platformatic/kafka ${version} ${RECORDS}`)
