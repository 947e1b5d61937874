import { execFileSync } from 'node:child_process'
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseText } from '../support/samples.ts'
import { endsTheReload } from './failing.ts'
import { startLoad, stopLoad } from './load.ts'
import { get, type Running, release, type Samples, startProcess, startReady, startShared, until } from './running.ts'

function pidsOf(running: Running): Promise<(number | undefined)[]> {
  return Promise.all([1, 2].map(worker => running.pidOf(worker)))
}

/** Scrapes until it is stopped; returns the counters that decreased, and the highest number of stores. */
function watchCounters(running: Running): () => Promise<{ falls: string[]; live: Set<number> }> {
  let isOver = false
  const seen = (async () => {
    const falls: string[] = []
    let before = new Map<string, number>()
    const live = new Set<number>()
    const checked = new Set<string>()
    while (!isOver) {
      const { text } = await running.scrape()
      // promtool does not see a series that is there twice.
      const series = parseText(text).map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
      expect(new Set(series).size).toBe(series.length)
      // Pages that differ in numbers and in values of labels alone are alike.
      const page = [...new Set(text.replaceAll(/"(?:[^"\\\n]|\\.)*"| \S+$/gm, '').split('\n'))].join('\n')
      if (!checked.has(page)) {
        execFileSync('promtool', ['check', 'metrics'], { input: text, stdio: ['pipe', 'ignore', 'ignore'] })
      }
      checked.add(page)
      const now = new Map(
        [...text.matchAll(/^(\S+_(?:total|count|bucket)(?:\{.*\})?) (\S+)$/gm)].map(m => [m[1]!, Number(m[2])]),
      )
      for (const [series, value] of before) if ((now.get(series) ?? -1) < value) falls.push(series)
      before = now
      live.add(Number(/^promherd_stores\{state="live"\} (\d+)$/m.exec(text)?.[1]))
      await delay(50)
    }
    return { falls, live }
  })()
  return () => {
    isOver = true
    return seen
  }
}

test('SIGHUP under load over keep-alive connections fails no request, and no counter decreases', async () => {
  const running = await startReady()
  const before = await pidsOf(running)
  const stopWatching = watchCounters(running)
  const load = startLoad(new URL(running.appUrl()).port, 12)
  await until('some requests', async () => (await running.scrape()).value('test_total')! > 100)
  running.signal('SIGHUP')
  await running.sees('promherd_worker_restarts_total{worker="2",reason="reload"}', 1)
  await until(
    'the old ones to be gone',
    async () => (await running.scrape()).value('promherd_stores{state="retired"}') === 2,
  )
  const { received, broken, refused } = await stopLoad(load)
  const { falls, live } = await stopWatching()
  const samples = await running.scrape()
  expect({ broken, refused, falls }).toEqual({ broken: 0, refused: 0, falls: [] })
  expect(samples.value('test_total')).toBe(received)
  expect(samples.restarts).toEqual({ reload: 2 })
  expect(samples.value('promherd_signals_total{signal="HUP"}')).toBe(1)
  expect(samples.value('promherd_worker_lost_requests_total{worker="1"}')).toBe(0)
  // The primary, two workers, and for a while, which may be short, the one that is replaced: never two of them.
  expect([3, 4]).toEqual(expect.arrayContaining([...live]))
  for (const [i, pid] of (await pidsOf(running)).entries()) expect(pid).not.toBe(before[i])
  expect(running.stderr).toBe('')
}, 60_000)

describe('a cluster of one worker', () => {
  const shared = startShared(() => ({ options: { workers: 1 } }))
  const restarts = 'promherd_worker_restarts_total{worker="1",reason="reload"}'

  /** The cluster when none of its workers is being replaced, and what its metrics are then. */
  async function settled(): Promise<{ running: Running; before: Samples }> {
    const running = await shared()
    return { running, before: await running.sees('promherd_stores{state="live"}', 2) }
  }

  test('an idle connection of a replaced worker gets one more response, with Connection: close', async () => {
    const { running, before } = await settled()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const ask = (): Promise<{ pid: string; connection: string | undefined }> =>
      new Promise((resolve, reject) => {
        request(running.appUrl(), { agent }, async response => {
          let body = ''
          for await (const piece of response.setEncoding('utf8')) body += piece
          resolve({ pid: body.split(' ')[1]!, connection: response.headers.connection })
        })
          .on('error', reject)
          .end()
      })
    const old = (await ask()).pid
    running.signal('SIGHUP')
    await running.sees(restarts, before.value(restarts)! + 1)
    // The restart is counted a moment before the old worker hears that it is to end.
    const last = await until('Connection: close', async () => {
      const answer = await ask()
      return answer.connection === 'close' ? answer : undefined
    })
    expect(last.pid).toBe(old)
    expect((await ask()).pid).not.toBe(old)
  })

  test('while two processes have the same number, the metrics include the counts of both, and describe the newer one', async () => {
    const { running, before } = await settled()
    const requests = 'promherd_worker_requests_total{worker="1"}'
    await get(running.appUrl())
    const slow = get(running.appUrl('/held'))
    const old = await running.sees('http_requests_in_flight', 1)
    const pid = (await running.pidOf(1))!
    running.signal('SIGHUP')
    const both = await running.sees(restarts, before.value(restarts)! + 1)
    expect(both.value('promherd_stores{state="live"}')).toBe(3)
    expect(both.value('promherd_worker_state{worker="1",state="running"}')).toBe(1)
    expect(both.value('http_requests_in_flight')).toBe(1)
    expect(both.value('test_total')).toBe((before.value('test_total') ?? 0) + 2)
    expect(both.value(requests)).toBe((before.value(requests) ?? 0) + 1)
    // Two processes have the same limit: added up it would be twice as much.
    const limit = 'promherd_worker_heap_limit_bytes{worker="1"}'
    expect(both.value(limit)).toBe(old.value(limit))
    release(pid)
    expect(await slow).toMatchObject({ status: 200, body: `1 ${pid}` })
  })

  test('several reloads that are requested during a reload are one reload', async () => {
    const { running, before } = await settled()
    const signals = 'promherd_signals_total{signal="HUP"}'
    const asked = before.value(signals)!
    running.signal('SIGHUP')
    await running.sees(signals, asked + 1)
    running.signal('SIGHUP')
    await running.sees(signals, asked + 2)
    expect(await running.call('reload')).toBe(true)
    const more = (await running.scrape()).value(restarts)! - before.value(restarts)!
    expect(more).toBeLessThanOrEqual(3)
    expect(more).toBeGreaterThanOrEqual(2)
  })
})

test('a new worker that does not start stops the reload, and the old workers keep running', async () => {
  await endsTheReload(env => startReady({ env }))
})

test('a new worker that never listens is killed at the deadline, and the old worker keeps running', async () => {
  const running = startProcess({
    options: { workers: 1, metrics: { port: 0 }, startTimeoutMs: 500 },
    env: { ENTRY: './silent.mjs' },
  })
  await running.said('metrics')
  await until('a word', () =>
    running.stderr.includes('did not listen within 500 ms. The primary continues to wait for it'),
  )
  expect(await running.call('reload')).toBe(false)
  expect(running.stderr).toContain(
    'could not be replaced (reload): it did not listen within 500 ms. The old worker keeps running.',
  )
  expect(running.stderr.trim().split('\n')).toHaveLength(3)
})

test('six restarts leave the same series', async () => {
  const running = await startReady()
  const settled = async () => {
    for (let i = 0; i < 20; i++) await get(running.appUrl())
    return until('two samples of each worker, which a ratio takes', async () => {
      const samples = await running.scrape()
      const ratios = samples.series.filter(series => series.startsWith('promherd_worker_event_loop_utilization_ratio'))
      return ratios.length === 2 ? samples : undefined
    })
  }
  const before = await settled()
  for (let i = 0; i < 3; i++) expect(await running.call('reload')).toBe(true)
  const after = await settled()
  expect(after.restarts).toEqual({ reload: 6 })
  expect(after.series).toEqual(before.series)
  expect(after.value('test_total')).toBe(40)
})
