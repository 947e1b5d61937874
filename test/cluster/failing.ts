import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { temporaryDirectory } from '../support/resources.ts'
import { get, type Running, until } from './running.ts'

/** What holds of workers whose application does not start, be they processes or threads. */

/** A herd of one worker of a kind, whose application throws, tries it ever later, tells it once, and is not ready. */
export async function isTriedEverLater(start: () => Running, kind: 'process' | 'thread'): Promise<void> {
  const startedAt = performance.now()
  const running = start()
  await running.said('metrics')
  const series = 'promherd_worker_restarts_total{worker="1",reason="crash"}'
  const restarts = await until('three restarts', async () => {
    const count = (await running.scrape()).value(series)!
    return count >= 3 ? count : undefined
  })
  // The first wait is 100 ms, and each is twice the one before.
  expect(restarts).toBeLessThanOrEqual(Math.log2((performance.now() - startedAt) / 100 + 1))
  const ready = await get(running.metricsUrl('/-/ready'))
  expect(ready.status).toBe(503)
  expect(ready.body.replace(/\d+/g, 'N')).toBe(
    `No worker is listening: worker N (${kind} N) exited with code N (crash).\n`,
  )
  const exits = running.stderr.split('\n').filter(line => line.includes(' exited with '))
  expect(exits).toHaveLength(1)
  expect(exits[0]).toContain('exited with code 1 (crash); a replacement starts in 100 ms.')
  const stack = /the application could not be started: Error: no configuration\n +at .*broken\.mjs/g
  expect(running.stderr.match(stack)).toHaveLength(1)
}

/** A reload of two workers ends where a new one does not come up; `start` is given what breaks the application. */
export async function endsTheReload(start: (env: Readonly<Record<string, string>>) => Promise<Running>): Promise<void> {
  const directory = temporaryDirectory()
  onTestFinished(directory.remove)
  const brokenBy = join(directory.path, 'broken')
  const running = await start({ ENTRY: './fragile.mjs', BROKEN_BY: brokenBy })
  const before = await startTimesOf(running)
  writeFileSync(brokenBy, '')
  expect(await running.call('reload')).toBe(false)
  expect(await startTimesOf(running)).toEqual(before)
  expect((await get(running.appUrl())).status).toBe(200)
  expect((await running.scrape()).restarts).toEqual({})
  const said = running.stderr.split('\n').filter(line => line.startsWith('promherd:'))
  expect(said).toEqual([
    'promherd: the application could not be started: Error: no configuration',
    'promherd: worker 1 could not be replaced (reload): it exited before it listened. The old worker keeps running.',
    'promherd: the reload stopped at worker 1: it and the workers after it were not replaced. Correct the cause, and reload again.',
  ])
  rmSync(brokenBy)
  expect(await running.call('reload')).toBe(true)
  expect((await running.scrape()).restarts).toEqual({ reload: 2 })
}

async function startTimesOf(running: Running): Promise<string[]> {
  const times = (await running.scrape()).text.match(/^promherd_worker_start_time_seconds\{.*$/gm) ?? []
  expect(times).toHaveLength(2)
  return times
}
