import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { freePort } from '../support/resources.ts'
import { flood, type Seen } from './flood.ts'
import { preloadedName } from './harnesses/preloading.ts'
import type { Chapter, Subject } from './law.ts'

const FLOODED = fileURLToPath(new URL('fixtures/flooded.mjs', import.meta.url))
const KNOWN = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']

const FRAMEWORKS = ['Express 5', 'Express 4', 'Fastify 5', 'Koa 3', 'Hono 4']

/** The server that receives 100,000 requests. */
const LARGEST = 'Express 5'

const UNADAPTED = ['NestJS 12 on Express', 'NestJS 12 on Fastify', 'hapi 21', 'restify 12']

const FIXED = ['/items/:id', '/items/{id}', '_unmatched', '_middleware']

/**
 * The number of requests of a server, and the number after which no memory may remain. The limits are those of core: 1,000
 * series of a family are the most that requests can create. Each server exceeds that three times before the first
 * measurement and three times after it. V8 itself grew no heap by more than 250,000 bytes in that time. If the path of
 * each request were kept, it would need 210 bytes and a table entry, which is 1.5 times the bound. One server receives as
 * many requests as a scanner sends in a night.
 */
interface Sizes {
  readonly warmUp: number
  readonly all: number
  /** How much the heap may grow between the two. */
  readonly heapBytes: number
}

const EACH: Sizes = { warmUp: 3_000, all: 6_000, heapBytes: 500_000 }
const LARGE: Sizes = { warmUp: 20_000, all: 100_000, heapBytes: 1_500_000 }

interface Report {
  readonly heapBytes: number
  readonly series: number
  readonly requests: Record<string, number>
  readonly inFlight: number
  readonly internalErrors: unknown[]
}

/** A server in a separate process. */
interface Flooded {
  readonly url: string
  readonly sizes: Sizes
  /** Its counts, and the size of its heap. */
  report(): Promise<Report>
}

function flooded(framework: string, name = framework, node: readonly string[] = []): Subject<Flooded> {
  return {
    name,
    async within(use) {
      const env = { ...process.env, PROMETHEUS_MULTIPROC_DIR: '', PROMETHEUS_METRICS_PORT: String(await freePort()) }
      const cwd = fileURLToPath(new URL('.', import.meta.url))
      const options = { cwd, execArgv: ['--expose-gc', ...node], serialization: 'advanced' as const, env }
      const child = fork(FLOODED, node.length === 0 ? [framework] : [framework, 'preloaded'], options)
      try {
        const [{ port }] = (await once(child, 'message')) as [{ port: number }]
        await use({
          url: `http://127.0.0.1:${port}`,
          sizes: name === LARGEST ? LARGE : EACH,
          report: () => reportOf(child),
        })
      } finally {
        const exited = once(child, 'exit')
        child.kill('SIGKILL')
        await exited
      }
    },
  }
}

async function reportOf(child: ChildProcess): Promise<Report> {
  child.send('report')
  return ((await once(child, 'message')) as [Report])[0]
}

/** Clients that send arbitrary requests. The memory of a server does not grow with them. */
export const BOUNDS: Chapter<Flooded> = {
  title: 'Bounds',
  about:
    'Each server runs in its own process and receives requests whose paths, methods and headers all differ. The ' +
    'counts are exact: for each method and status, as many as the clients received. Nothing remains in memory: ' +
    'the number of series is the same after 3,000 requests and after 6,000 (Express 5: 20,000 and 100,000), and ' +
    'the heap grows by less for each request than its path takes: 170 bytes (19).',
  subjects: [
    ...[...FRAMEWORKS, 'node:http'].map(name => flooded(name)),
    ...[...FRAMEWORKS, ...UNADAPTED].map(name =>
      flooded(name, preloadedName(name), ['--import', '@promherd/core/auto']),
    ),
  ],
  laws: [
    {
      sentence: 'requests that all differ are counted exactly, and nothing remains of them in memory',
      timeoutMs: 180_000,
      async run(server) {
        const { warmUp, all, heapBytes } = server.sizes
        const seen: Seen = new Map()
        await flood(server.url, 0, warmUp, seen)
        await expect.poll(async () => (await server.report()).inFlight).toBe(0)
        const before = await server.report()
        await flood(server.url, warmUp, all, seen)
        await expect.poll(async () => (await server.report()).inFlight).toBe(0)
        const after = await server.report()

        // An OPTIONS response of a router, and a method that a framework rejects, have no route.
        expect(FIXED).toEqual(expect.arrayContaining(routesOf(after)))
        expect(byStatus(Object.entries(after.requests), 2)).toEqual(byStatus(seen, 1))
        expect(sum(Object.values(after.requests))).toBe(all)
        expect(after.internalErrors).toEqual([])
        expect(after.series).toBe(before.series)
        // If the path of each request were kept, the growth would be larger.
        expect(after.heapBytes - before.heapBytes).toBeLessThan(heapBytes)
      },
    },
  ],
}

function routesOf({ requests }: Report): string[] {
  return Object.keys(requests).map(key => key.split(' ')[1]!)
}

/** Counts by recorded method and status; `at` is the position of the status in the key. */
function byStatus(counts: Iterable<readonly [string, number]>, at: number): Record<string, number> {
  const all: Record<string, number> = {}
  for (const [key, count] of counts) {
    const parts = key.split(' ')
    const label = `${KNOWN.includes(parts[0]!) ? parts[0] : '_OTHER'} ${parts[at]}`
    all[label] = (all[label] ?? 0) + count
  }
  return all
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
