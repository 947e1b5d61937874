import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type HerdServer, serveHerd } from '@promherd/core'
import { expect, onTestFinished, test } from 'vitest'
import { ROOT } from '../support/process.ts'
import { temporaryDirectory } from '../support/resources.ts'
import { parseText } from '../support/samples.ts'
import { until } from '../support/until.ts'

/** Process stats of processes that another program manages, as an exporter of their directory serves them. */

const MB = 1024 * 1024

/** Records, and on request allocates memory and blocks its event loop forever. */
const WORKER = `
import { createMonitor } from '@promherd/core'
createMonitor()
process.stdin.on('data', () => {
  const kept = Buffer.alloc(128 * ${MB}, 1)
  for (;;) kept[0]++
})
console.log('ready')`

async function start(directory: string, worker: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', WORKER], {
    cwd: `${ROOT}/test`,
    env: { ...process.env, PROMETHEUS_MULTIPROC_DIR: directory, PROMHERD_WORKER: String(worker) },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout!, 'data')
  return child
}

type Value = (name: string, worker: number, more?: Readonly<Record<string, string>>) => number | undefined

async function scrape(server: HerdServer): Promise<Value> {
  const samples = parseText(await (await fetch(`${(await server.listening).url}/metrics`)).text())
  return (name, worker, more = {}) =>
    samples.find(sample => {
      if (sample.name !== `promherd_${name}` || sample.labels['worker'] !== String(worker)) return false
      return Object.entries(more).every(([label, value]) => sample.labels[label] === value)
    })?.value
}

test('an exporter serves the memory and the CPU time of a process that hangs, and of the others', async () => {
  const directory = temporaryDirectory()
  onTestFinished(() => directory.remove())
  const warnings: string[] = []
  const serve = (): HerdServer =>
    serveHerd({ directory: directory.path, port: 0, onWarning: message => warnings.push(message) })
  const server = serve()
  const hanging = await start(directory.path, 1)
  await start(directory.path, 2)
  const early = await until(
    async () => {
      const value = await scrape(server)
      return [1, 2].every(worker => value('worker_resident_memory_bytes', worker)! > 16 * MB) && value
    },
    { what: 'the first figures' },
  )
  hanging.stdin!.write('hang')
  const late = await until(
    async () => {
      const value = await scrape(server)
      const isHung = value('worker_state', 1, { state: 'hung' }) === 1
      return (
        isHung && value('worker_cpu_utilization_ratio', 1)! > 4 * value('worker_cpu_utilization_ratio', 2)! && value
      )
    },
    { what: 'one that hangs, and takes a core', deadlineMs: 25_000 },
  )
  const grown = [1, 2].map(worker => {
    return late('worker_resident_memory_bytes', worker)! - early('worker_resident_memory_bytes', worker)!
  })
  expect(grown[0]).toBeGreaterThan(120 * MB)
  expect(Math.abs(grown[1]!)).toBeLessThan(32 * MB)
  // Another begins to serve while they go on: no counter may fall.
  await server.close()
  const next = serve()
  onTestFinished(() => next.close())
  const again = await scrape(next)
  for (const worker of [1, 2]) {
    expect(again('worker_cpu_seconds_total', worker)).toBeGreaterThanOrEqual(late('worker_cpu_seconds_total', worker)!)
  }
  expect(warnings).toEqual([])
})
