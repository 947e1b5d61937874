import { expect, onTestFinished, test } from 'vitest'
import { freePort, temporaryDirectory } from '../support/resources.ts'
import { type Sample, select, sum } from '../support/samples.ts'
import { type Preloaded, startPreloaded } from './preloaded.ts'

/** Processes that share a directory, as PM2 and systemd start them. */
async function startShared(count: number): Promise<Preloaded[]> {
  const directory = temporaryDirectory()
  onTestFinished(directory.remove)
  const env = { PROMETHEUS_MULTIPROC_DIR: directory.path, PROMETHEUS_METRICS_PORT: String(await freePort()) }
  return Promise.all(Array.from({ length: count }, () => startPreloaded('http.mjs', { env })))
}

function workersOf(samples: readonly Sample[]): Record<string, number> {
  const infos = select(samples, 'promherd_worker_info')
  return Object.fromEntries(infos.map(({ labels }) => [labels.worker, Number(labels.pid)]))
}

test('one of the processes that share a directory serves the metrics of all, and when it exits another one does', async () => {
  const apps = await startShared(3)
  for (const app of apps) for (let i = 0; i < 4; i++) expect(await app.ask('/')).toBe(`200 ${app.process.pid}`)
  await apps[0]!.counted({ 'GET _unknown 200': 12 })
  const pids = apps.map(({ process: { pid } }) => pid)
  const workers = workersOf(await apps[0]!.scrape())
  expect(Object.keys(workers)).toEqual(['1', '2', '3'])
  expect(new Set(Object.values(workers))).toEqual(new Set(pids))
  // One of these may be the process that served the metrics.
  for (const app of apps.slice(0, 2)) await app.process.stop('SIGKILL')
  await apps[2]!.counted({ 'GET _unknown 200': 12 })
  expect(await apps[2]!.ask('/')).toBe(`200 ${pids[2]}`)
  await apps[2]!.counted({ 'GET _unknown 200': 13 })
  expect(apps.map(app => app.process.output()).join('')).not.toContain('promherd:')
})

test('an application that forks its workers itself is one herd, including the processes that the workers start', async () => {
  const PORT = String(await freePort())
  const app = await startPreloaded('own-cluster.mjs', { env: { PORT } })
  const ports = await app.ports(3)
  const pids = new Set<string>()
  for (const port of [...ports.filter(port => port !== PORT), ...Array(4).fill(PORT)]) {
    pids.add(await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text())
  }
  await app.counted({ 'GET _unknown 200': 5 })
  const samples = await app.scrape()
  const workers = workersOf(samples)
  expect(Object.keys(workers)).toEqual(['1', '2', '3'])
  expect(new Set(Object.values(workers).map(String))).toEqual(pids)
  expect(sum(samples, 'promherd_stores', { state: 'live' })).toBe(3)
  expect(pids).not.toContain(String(app.process.pid))
  expect(app.process.output()).not.toContain('promherd:')
})

test('under the cluster helper only its primary serves, and a child of a worker has a separate number', async () => {
  const PORT = String(await freePort())
  const app = await startPreloaded('helped-cluster.mjs', { env: { PORT } })
  const ports = await app.ports(3)
  for (const port of [...ports.filter(port => port !== PORT), ...Array(4).fill(PORT)]) {
    await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()
  }
  await app.counted({ 'GET _unknown 200': 5 })
  const workers = workersOf(await app.scrape())
  expect(Object.keys(workers)).toEqual(['1', '2', '3'])
  expect(new Set(Object.values(workers)).size).toBe(3)
  expect(app.process.output()).not.toContain('promherd:')
})
