import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Herd, serveHerd } from '@promherd/core'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../support/resources.ts'
import { parseText, type Sample, sum } from '../support/samples.ts'
import { get, startReady, until } from './running.ts'

/**
 * `promherd_worker_cpu_seconds_total` has the same meaning on every port: the CPU time that the kernel has counted for
 * all processes of a worker. A process that hangs cannot report it, so it is compared after the process was killed.
 */

const CPU = 'promherd_worker_cpu_seconds_total'
/** Each port is scraped at a different time, and reports of workers are up to a second old. */
const TOLERANCE_SECONDS = 0.3

const cpuOf = (samples: readonly Sample[], worker: string): number => sum(samples, CPU, { worker })

test('the primary, an exporter and a worker serve the same CPU time, also of a worker that was killed while it hung', async () => {
  const directory = temporaryDirectory()
  onTestFinished(directory.remove)
  const metrics = { port: 0, directory: directory.path }
  const running = await startReady({ options: { hangTimeoutMs: 0, metrics } })
  const exporter = serveHerd({ port: 0, directory: directory.path })
  onTestFinished(() => exporter.close())
  const { url } = await exporter.listening
  const ports = [running.metricsUrl(), `${url}/metrics`, running.appUrl('/metrics')]
  const cpuOnPorts = (worker: string): Promise<number[]> =>
    Promise.all(ports.map(async port => cpuOf(parseText((await get(port)).body), worker)))
  const same = (worker: string, least: number): Promise<number[]> =>
    until(`${least} s or more on all ports`, async () => {
      const seconds = await cpuOnPorts(worker)
      const isSame = Math.max(...seconds) - Math.min(...seconds) < TOLERANCE_SECONDS
      return isSame && Math.min(...seconds) >= least ? seconds : undefined
    })

  const [worker = ''] = (await get(running.appUrl('/burn?ms=500'))).body.split(' ')
  await same(worker, 0.5)

  const stop = join(directory.path, 'stop.txt')
  get(running.appUrl(`/busy-until?file=${encodeURIComponent(stop)}`)).catch(() => {})
  const before = parseText((await get(running.metricsUrl())).body)
  const { hung, used } = await until('1 s of CPU time in a worker that hangs', async () => {
    const samples = parseText((await get(running.metricsUrl())).body)
    const hung = ['1', '2'].find(each => cpuOf(samples, each) > cpuOf(before, each) + 1)
    return hung === undefined ? undefined : { hung, used: cpuOf(samples, hung) }
  })
  process.kill((await running.pidOf(Number(hung)))!, 'SIGKILL')
  await running.sees(`promherd_worker_restarts_total{worker="${hung}",reason="killed"}`, 1)
  writeFileSync(stop, '')
  expect(await same(hung, used)).toHaveLength(3)
})

test('an exporter that leads the directory adds the CPU time that a killed process has not reported to the totals', async () => {
  const directory = temporaryDirectory()
  onTestFinished(directory.remove)
  const exporter = serveHerd({ port: 0, directory: directory.path })
  onTestFinished(() => exporter.close())
  const { url } = await exporter.listening
  const child = spawn(process.execPath, ['--input-type=module', '-e', HANGING, directory.path], {
    cwd: new URL('..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const scrape = async (): Promise<Sample[]> => parseText((await get(`${url}/metrics`)).body)
  const reported = await until('its report', async () => cpuOf(await scrape(), '1') || undefined)
  await until('0.5 s of CPU time', () => kernelSeconds(child.pid!) > reported + 0.5)
  // Each scrape samples the process, and the second one waits for the sample of the first.
  for (let i = 0; i < 2; i++) expect(cpuOf(await scrape(), '1')).toBe(reported)
  child.kill('SIGKILL')
  await until('the retirement', async () => sum(await scrape(), 'promherd_stores', { state: 'retired' }) === 1)
  const served = cpuOf(await scrape(), '1')
  expect(served).toBeGreaterThan(reported + 0.4)
  const reader = new Herd({ directory: directory.path })
  const { families } = await reader.snapshot()
  await reader.close()
  expect(families.find(({ name }) => name === CPU)!.values.get(0)).toBeCloseTo(served, 6)
})

/** The user and system time of a process, which the kernel counts in ticks of 10 ms. */
function kernelSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** A process that reports its metrics once, and then uses the CPU without returning to its event loop. */
const HANGING = `
import { createMonitor } from '@promherd/core'
const monitor = createMonitor({ directory: process.argv[1], worker: 1 })
await monitor.collect()
process.stdout.write('started', () => { for (;;); })
`
