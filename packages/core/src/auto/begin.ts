import type { ProcessConfig } from '../config/process-config.ts'
import { setConfiguration } from './configuration.ts'
import { watchFastify } from './fastify-channel.ts'
import { shareWithForks } from './forks.ts'
import type { Parts } from './parts.ts'
import { watchServers } from './servers.ts'

const STARTED = Symbol.for('promherd.auto.v1')

/** True once in a process: there may be two copies of this package, or the one be asked for twice. */
export function isFirst(): boolean {
  if (STARTED in globalThis) return false
  Object.defineProperty(globalThis, STARTED, { value: true })
  return true
}

/** Measures from now on. `config` is what the configuration file says; undefined where there is none. */
export function begin(parts: Parts, config: ProcessConfig | undefined): void {
  setConfiguration(config)
  watchServers(parts)
  watchFastify()
  shareWithForks(parts)
}

/** Says that the configuration is not right: the program runs all the same. */
export function refuse(error: unknown): void {
  process.stderr.write(`promherd: nothing is measured: ${error instanceof Error ? error.message : String(error)}\n`)
}
