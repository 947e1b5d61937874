import type { ProcessConfig } from '../config/process-config.ts'
import { setConfiguration } from './configuration.ts'
import { shareWithForks } from './forks.ts'
import { watchFastify } from './hooks/fastify-channel.ts'
import type { Parts } from './parts.ts'
import { watchServers } from './servers.ts'

const STARTED = Symbol.for('promherd.auto.v1')

/** True once in a process: there may be two copies of this package, or one may be loaded twice. */
export function isFirst(): boolean {
  if (STARTED in globalThis) return false
  Object.defineProperty(globalThis, STARTED, { value: true })
  return true
}

/** Starts measuring. `config` is the content of the configuration file; undefined if there is none. */
export function begin(parts: Parts, config: ProcessConfig | undefined): void {
  setConfiguration(config)
  watchServers(parts)
  watchFastify()
  shareWithForks(parts)
}

/** Reports that the configuration is invalid: the program runs nevertheless. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`promherd: nothing is measured: ${error instanceof Error ? error.message : String(error)}\n`)
}
