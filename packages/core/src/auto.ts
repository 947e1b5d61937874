import { configure } from './auto/configuration.ts'
import { watchFastify } from './auto/fastify-channel.ts'
import { shareWithForks } from './auto/forks.ts'
import { watchServers } from './auto/servers.ts'

/**
 * `node --import @promherd/core/auto app.js`: measures the HTTP servers of a process that has never heard of promherd.
 */

const STARTED = Symbol.for('promherd.auto.v1')

// There may be two copies of this package, or the one be asked for twice.
if (!(STARTED in globalThis)) {
  Object.defineProperty(globalThis, STARTED, { value: true })
  if (await configure()) {
    watchServers()
    watchFastify()
    shareWithForks()
  }
}
