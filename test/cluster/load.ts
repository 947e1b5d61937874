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
 * How long a connection waits between two requests where a test ends many workers: every one of them is ended with
 * requests in flight, and those that start meanwhile need not wait for a processor.
 */
export const PAUSE_MS = 20

export function startLoad(port: string, connections: number, pauseMs = 0): ChildProcess {
  const load = fork(join(ROOT, 'examples/demo/load.js'), [port, connections, pauseMs].map(String))
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
