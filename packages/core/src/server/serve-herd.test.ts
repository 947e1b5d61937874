import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { PromherdError } from '../base/errors.ts'
import { internalsOf } from '../monitor/internals.ts'
import { createMonitor, type Monitor } from '../monitor/monitor.ts'
import { type HerdServer, type ServeOptions, serveHerd } from './serve-herd.ts'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'serve-'))
  const own = directory
  return () => rmSync(own, { recursive: true })
})

function worker(number: number): Monitor {
  const monitor = createMonitor({ directory, worker: number })
  onTestFinished(() => monitor.close())
  return monitor
}

function record(monitor: Monitor, count: number): void {
  const definition = {
    name: 'test_total',
    type: 'counter',
    help: 'Test.',
    labels: [],
    buckets: [],
    aggregator: 'sum',
  } as const
  const family = internalsOf(monitor).store.family(definition)
  family.storage.values[family.slot([])] = count
  internalsOf(monitor).store.flush()
}

function serve(options: ServeOptions = {}): HerdServer {
  const server = serveHerd({ port: 0, directory, ...options })
  onTestFinished(() => server.close())
  return server
}

async function total(server: HerdServer): Promise<string | undefined> {
  const text = await (await fetch(`${(await server.listening).url}/metrics`)).text()
  return /^test_total (.*)$/m.exec(text)?.[1]
}

test('the counts of running and exited processes add up', async () => {
  const server = serve()
  const first = worker(1)
  const second = worker(2)
  record(first, 3)
  record(second, 4)
  expect(await total(server)).toBe('7')
  await first.close()
  expect(await total(server)).toBe('7')
  expect(readdirSync(directory).filter(name => name.startsWith('1-'))).toEqual([])
})

test('an exporter becomes the leader when the leader has exited, and removes nothing', async () => {
  const leader = serve()
  const server = serve()
  const monitor = worker(1)
  record(monitor, 5)
  expect(await total(server)).toBe('5')
  await monitor.close()
  await leader.close()
  expect(await total(server)).toBe('5')
  expect(readdirSync(directory).sort()).toEqual(['leader.1', 'retired.catalog', 'retired.values'])
})

test('a taken port is one warning, and is bound when it is free', async () => {
  const other = createServer()
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const warnings: string[] = []
  let warned: () => void = () => {}
  const warning = new Promise<void>(resolve => {
    warned = resolve
  })
  const server = serve({
    port,
    onWarning: message => {
      warnings.push(message)
      warned()
    },
  })
  await warning
  expect(server.address).toBeUndefined()
  await new Promise(resolve => other.close(resolve))
  expect(await server.listening).toEqual({ port, host: '127.0.0.1', url: `http://127.0.0.1:${port}` })
  expect(server.address).toEqual(await server.listening)
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain(`Expected port ${port} on 127.0.0.1 to be free for the metrics`)
})

test('it stops listening when it is closed', async () => {
  const server = serve()
  const { url } = await server.listening
  await server.close()
  expect(server.address).toBeUndefined()
  await expect(fetch(url)).rejects.toThrow()
  expect(readdirSync(directory)).toEqual([])
})

test('wrong options throw at once', () => {
  const file = join(directory, 'file')
  writeFileSync(file, '')
  const codeOf = (options: object): string => {
    try {
      serveHerd(options)
      return 'nothing'
    } catch (error) {
      return (error as PromherdError).code
    }
  }
  expect(codeOf({ prot: 1 })).toBe('ERR_PROMHERD_UNKNOWN_OPTION')
  expect(codeOf({ directory, port: 70_000 })).toBe('ERR_PROMHERD_BAD_OPTION')
  expect(codeOf({ directory, host: '' })).toBe('ERR_PROMHERD_BAD_OPTION')
  expect(codeOf({ port: 0 })).toBe('ERR_PROMHERD_BAD_OPTION')
  expect(codeOf({ port: 0, directory: file })).toBe('ERR_PROMHERD_DIRECTORY')
  process.env['PROMHERD_ALLOWED_HOSTS'] = 'a b'
  onTestFinished(() => {
    delete process.env['PROMHERD_ALLOWED_HOSTS']
  })
  expect(codeOf({ directory, port: 0 })).toBe('ERR_PROMHERD_BAD_OPTION')
})
