import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ROOT } from '../support/process.ts'

/** The load generator of the demo: an exact count of what came whole and what broke off. */

export interface Tally {
  /** Responses that came whole. */
  readonly received: number
  /** Requests whose connection broke, or that were never answered. */
  readonly broken: number
  /** Connections that were refused: no request was sent. */
  readonly refused: number
}

/**
 * How long a connection waits between two requests. Some requests are in flight at any moment, some hundred are answered
 * in each second, and workers that start meanwhile need not wait for a processor.
 */
const PAUSE_MS = 20

export function startLoad(port: string, connections: number): ChildProcess {
  const load = fork(join(ROOT, 'examples/demo/load.js'), [port, connections, PAUSE_MS].map(String))
  onTestFinished(() => void load.kill('SIGKILL'))
  return load
}

export async function stopLoad(load: ChildProcess): Promise<Tally> {
  load.send('stop')
  for (;;) {
    const [tally] = await once(load, 'message')
    if (tally.done) return tally
  }
}
