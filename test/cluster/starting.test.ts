import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { get, startProcess, startReady } from './running.ts'

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cluster-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

/** A process that has a port of the loopback for some seconds, and then ends. */
async function holdPort(seconds: number): Promise<{ port: number; freed: Promise<unknown> }> {
  const script = `require('node:net').createServer().listen(0, '127.0.0.1', function () {
    console.log(this.address().port)
    setTimeout(process.exit, ${seconds * 1000})
  })`
  const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void holder.kill('SIGKILL'))
  const freed = once(holder, 'exit')
  const [port] = await once(holder.stdout, 'data')
  return { port: Number(port), freed }
}

test('a metrics port that another process has for 20 seconds is waited for, while the application serves', async () => {
  const { port, freed } = await holdPort(20)
  let isFree = false
  void freed.then(() => {
    isFree = true
  })
  const running = startProcess({ options: { workers: 1, metrics: { port } } })
  await running.said('app')
  let served = 0
  while (!isFree) {
    expect((await get(running.appUrl())).status).toBe(200)
    served++
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  expect(served).toBeGreaterThan(1)
  expect(await running.said('metrics')).toEqual({ port, host: '127.0.0.1', url: `http://127.0.0.1:${port}` })
  expect((await running.scrape()).value('test_total')).toBe(served)
  const lines = running.stderr.trim().split('\n')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain(
    `Expected port ${port} on 127.0.0.1 to be free for the metrics, but another process has it.`,
  )
}, 60_000)

test.each([
  [{ worker: 2 }, 'Expected only known options in startCluster, but got `worker`. Did you mean `workers`?'],
  [
    { metrics: { prot: 1 } },
    'Expected only known options in startCluster.metrics, but got `prot`. Did you mean `port`?',
  ],
])('the options %j are refused with one error', async (options, message) => {
  const running = startProcess({ options })
  expect((await running.ended).code).toBe(1)
  expect(running.stderr.match(/Expected .*/g)).toHaveLength(1)
  expect(running.stderr).toContain(message)
  expect(running.stdout).toBe('')
})

test.each([
  ['WEB_CONCURRENCY', 'many', "Expected `WEB_CONCURRENCY` to be a whole number from 1 to 1024, but got 'many'."],
  ['GUNICORN_WORKERS', '0', 'Expected `GUNICORN_WORKERS` to be a whole number from 1 to 1024, but got 0.'],
  ['PROMETHEUS_METRICS_PORT', '70000', 'Expected `PROMETHEUS_METRICS_PORT` to be a whole number from 0 to 65535'],
])('%s=%s is refused by its name', async (name, value, message) => {
  const running = startProcess({ env: { [name]: value } })
  expect((await running.ended).code).toBe(1)
  expect(running.stderr).toContain(message)
})

test('WEB_CONCURRENCY says how many workers, and goes before GUNICORN_WORKERS', async () => {
  const running = startProcess({
    options: { metrics: { port: 0 } },
    env: { WEB_CONCURRENCY: '1', GUNICORN_WORKERS: '3' },
  })
  expect(await running.said('ready')).toHaveLength(1)
})

test('a directory that is none is refused with one error', async () => {
  const file = join(temporaryDirectory(), 'file')
  writeFileSync(file, '')
  const running = startProcess({ options: { metrics: { port: 0, directory: file } } })
  expect((await running.ended).code).toBe(1)
  expect(running.stderr).toContain(`Expected a directory that this process can write, but \`${file}\` is not`)
  expect(running.stderr).toContain("code: 'ERR_PROMHERD_DIRECTORY'")
})

test('what an earlier cluster left in the directory is not counted', async () => {
  const directory = temporaryDirectory()
  const start = { options: { workers: 1, metrics: { port: 0, directory } } }
  const first = await startReady(start)
  await get(first.appUrl())
  expect((await first.scrape()).value('test_total')).toBe(1)
  first.signal('SIGKILL')
  await first.ended
  const second = await startReady(start)
  expect((await second.scrape()).value('test_total')).toBe(0)
})
