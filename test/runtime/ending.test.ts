import { expect, test } from 'vitest'
import { runProcess } from '../support/process.ts'

/** What a monitor watches while a process lives does not keep it alive. */

const SCRIPT = `
import { PerformanceObserver } from 'node:perf_hooks'
import { createMonitor } from '@promherd/core'

let seen = 0
new PerformanceObserver(list => { seen += list.getEntries().length }).observe({ entryTypes: ['gc'] })
const monitor = createMonitor({ promClient: false })
gc()
setTimeout(async () => {
  const text = await monitor.metrics()
  const count = /gc_duration_seconds_count\\{kind="major",worker="1"\\} (\\d+)/.exec(text)[1]
  console.log(JSON.stringify({ seen: seen > 0, counted: Number(count) > 0 }))
}, 50)
`

test('a process with a monitor, and an observer of its own, ends when it has nothing to do', async () => {
  const args = ['--expose-gc', '--input-type=module', '-e', SCRIPT]
  const { code, signal, output } = await runProcess(process.execPath, args, {
    cwd: new URL('..', import.meta.url).pathname,
    env: { PROMETHEUS_MULTIPROC_DIR: undefined },
  })
  expect({ code, signal, said: output }).toEqual({ code: 0, signal: null, said: '{"seen":true,"counted":true}\n' })
})
