import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { flood, type Seen } from './flood.ts'

/** Clients that send what they like: whatever that is, what is kept of it does not grow. */

const FLOODED = fileURLToPath(new URL('fixtures/flooded.mjs', import.meta.url))
const KNOWN = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']

const FIXED = ['/items/:id', '_unmatched', '_middleware']

interface Told {
  readonly heapBytes: number
  readonly series: number
  readonly requests: Record<string, number>
  readonly inFlight: number
  readonly troubles: unknown[]
}

let child: ChildProcess

afterEach(async () => {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
})

async function told(): Promise<Told> {
  child.send('tell')
  return ((await once(child, 'message')) as [Told])[0]
}

test.each(['Express 5', 'Express 4', 'Fastify 5', 'Koa 3', 'Hono 4', 'node:http'])(
  'by %s, 100,000 requests that are all unlike each other are counted exactly and leave nothing behind',
  async name => {
    child = fork(FLOODED, [name], { execArgv: ['--expose-gc'], serialization: 'advanced' })
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    const seen: Seen = new Map()
    await flood(`http://127.0.0.1:${port}`, 0, 20_000, seen)
    await expect.poll(async () => (await told()).inFlight).toBe(0)
    const before = await told()
    await flood(`http://127.0.0.1:${port}`, 20_000, 100_000, seen)
    await expect.poll(async () => (await told()).inFlight).toBe(0)
    const after = await told()

    // An OPTIONS that a router answers, or a method that a framework refuses, is answered by no route.
    expect(FIXED).toEqual(expect.arrayContaining(routesOf(after)))
    expect(byStatus(Object.entries(after.requests), 2)).toEqual(byStatus(seen, 1))
    expect(sum(Object.values(after.requests))).toBe(100_000)
    expect(after.troubles).toEqual([])
    expect(after.series).toBe(before.series)
    // One path that is kept of each request would be ten times as much.
    expect(after.heapBytes - before.heapBytes).toBeLessThan(1_500_000)
  },
  60_000,
)

function routesOf({ requests }: Told): string[] {
  return Object.keys(requests).map(key => key.split(' ')[1]!)
}

/** By the method as it is recorded and the status; `at` is where the status stands in the key. */
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
