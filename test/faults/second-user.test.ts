import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { get, startReady, until } from '../cluster/running.ts'
import { giveToSecondUser, SECOND_USER } from '../security/second-user.ts'
import { isSkipped } from '../support/skip.ts'

/** Directories that the user of the process may not enter: for root there are none, so a second user runs the herd. */

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-rights-'))
  giveToSecondUser(directory)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const AS_SECOND_USER = ['setpriv', '--reuid', String(SECOND_USER), '--regid', String(SECOND_USER), '--clear-groups']

describe.skipIf(isSkipped('second-user'))('a herd of a user without rights', () => {
  test('starts with a given directory of mode 000, and counts all requests', async () => {
    chmodSync(directory, 0o000)
    const running = await startReady({
      options: { workers: 2, metrics: { port: 0, directory } },
      through: AS_SECOND_USER,
    })
    for (let i = 0; i < 20; i++) await get(running.appUrl())
    const samples = await running.sees('test_total', 20)
    expect(samples.value('promherd_storage_place{place="given"}')).toBe(0)
    expect(running.stderr).toContain('EACCES')
  })

  test('continues when the directory gets mode 000 while it runs, and reports it', async () => {
    const running = await startReady({
      options: { workers: 2, metrics: { port: 0, directory } },
      through: AS_SECOND_USER,
    })
    for (let i = 0; i < 20; i++) await get(running.appUrl())
    await running.sees('test_total', 20)
    chmodSync(directory, 0o000)
    for (let i = 0; i < 20; i++) await get(running.appUrl())
    const samples = await running.sees('test_total', 40)
    expect(samples.value('promherd_directory_intact')).toBe(0)
    expect((await get(running.metricsUrl('/-/ready'))).status).toBe(503)
    const pid = await running.pidOf(1)
    process.kill(pid!, 'SIGKILL')
    await until('another worker', async () => ((await running.pidOf(1).catch(() => pid)) === pid ? undefined : true))
    await running.sees('promherd_worker_restarts_total{worker="1",reason="killed"}', 1)
    await running.sees('promherd_workers{state="running"}', 2)
    for (let i = 0; i < 20; i++) await get(running.appUrl())
    await running.sees('test_total', 60)
    chmodSync(directory, 0o700)
    await running.sees('promherd_directory_intact', 1)
    await running.sees('test_total', 60)
  })
})
