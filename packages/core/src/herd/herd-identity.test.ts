import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { internalsOf } from '../monitor/internals.ts'
import { createMonitor } from '../monitor/monitor.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { Herd } from './herd.ts'

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-identity-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const identityOf = ({ herd, startedAt }: Snapshot): Pick<Snapshot, 'herd' | 'startedAt'> => ({ herd, startedAt })

test('a herd keeps its identity and start when leaders and workers are replaced', async () => {
  const directory = makeDirectory()
  const worker = createMonitor({ directory, worker: 1 })
  const first = new Herd({ directory })
  first.lead({ resume: true })
  await first.retireExited()
  const before = identityOf(await first.snapshot())
  expect(before.startedAt).toBe(internalsOf(worker).store.startedAt)
  await first.close()
  await worker.close()
  const second = new Herd({ directory })
  second.lead({ resume: true })
  await second.retireExited()
  expect(identityOf(await second.snapshot())).toEqual(before)
  const reader = new Herd({ directory })
  expect(identityOf(await reader.snapshot())).toEqual(before)
  await reader.close()
  await second.close()
})

test('a herd that is started again has another identity and a later start', async () => {
  const directory = makeDirectory()
  const first = new Herd({ directory: undefined })
  first.add(directory, 'given')
  const reader = new Herd({ directory })
  const before = await reader.snapshot()
  expect(identityOf(before)).toEqual(identityOf(await first.snapshot()))
  await first.close()
  const second = new Herd({ directory: undefined })
  second.add(directory, 'given')
  const after = await reader.snapshot()
  expect(after.herd).not.toBe(before.herd)
  expect(after.startedAt).toBeGreaterThanOrEqual(before.startedAt)
  expect(identityOf(after)).toEqual(identityOf(await second.snapshot()))
  await reader.close()
  await second.close()
})

test('a herd without a directory keeps its identity when it gets one, because no counter restarts', async () => {
  const herd = new Herd({ directory: undefined })
  const before = identityOf(await herd.snapshot())
  herd.add(makeDirectory(), 'temporary')
  expect(identityOf(await herd.snapshot())).toEqual(before)
  await herd.close()
})
