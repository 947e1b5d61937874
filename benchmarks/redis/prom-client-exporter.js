import { once } from 'node:events'
import { createServer } from 'node:http'
import { Redis } from 'ioredis'
import client from 'prom-client'
import { settingsOfThisProcess } from '../lib/fresh.js'
import { answers, usage } from './conversation.js'

/** An endpoint that adds up the registries with the aggregation of prom-client. */

const { url, group, hosts } = settingsOfThisProcess()
const keys = Array.from({ length: hosts }, (_, i) => `${group}:host-${i}`)

async function text(redis) {
  const registries = (await redis.mget(keys)).map(json => JSON.parse(json))
  return client.AggregatorRegistry.aggregate(registries).metrics()
}

answers({
  async serve() {
    const redis = new Redis(url)
    const server = createServer(async (_, response) => response.end(await text(redis)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${server.address().port}`
  },
  usage,
})
