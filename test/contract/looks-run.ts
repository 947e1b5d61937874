import { join } from 'node:path'
import { ROOT, runProcess } from '../support/process.ts'
import type { Sights } from './looks-compared.ts'

/** What stands in the place of an adapter in the programs: nothing at all, a middleware that does nothing, or it. */
export type Mode = 'without' | 'nothing' | 'adapter'

/** What the programs see in a process of their own, which is run once for each kind. */
export function sightsOf(mode: Mode, isPreloaded = false): Promise<Sights> {
  const key = `${mode} ${isPreloaded}`
  const running = RUNS.get(key) ?? sights(mode, isPreloaded)
  RUNS.set(key, running)
  return running
}

const PROGRAMS = join(import.meta.dirname, 'fixtures/looks/run.mjs')
const RUNS = new Map<string, Promise<Sights>>()

async function sights(mode: Mode, isPreloaded: boolean): Promise<Sights> {
  const env = { NODE_OPTIONS: undefined, NODE_PATH: undefined, PROMETHEUS_METRICS_PORT: '0' }
  const args = [...(isPreloaded ? ['--import', '@promherd/core/auto'] : []), PROGRAMS, mode]
  const { code, output } = await runProcess(process.execPath, args, { cwd: join(ROOT, 'test'), env })
  if (code !== 0) throw new Error(`Expected the programs to end with 0, but got ${code}:\n${output.slice(-2000)}`)
  // Before it come the warnings of frameworks.
  return JSON.parse(output.slice(output.indexOf('{"looks"'))) as Sights
}
