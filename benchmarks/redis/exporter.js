import { serveGroup } from '@promherd/redis'
import { settingsOfThisProcess } from '../lib/fresh.js'
import { answers, usage } from './conversation.js'
import { PREFIX } from './sinks.js'

/** The endpoint of a group in a separate process. */

const { url, group } = settingsOfThisProcess()

answers({
  async serve() {
    const where = { port: 0, host: '127.0.0.1', timeout: 60 }
    const server = serveGroup({ redis: url, prefix: PREFIX, group, aggregate: 'sum', ...where })
    return (await server.listening).url
  },
  usage,
})
