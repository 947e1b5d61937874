import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { HEADER } from '../../store/header.ts'
import { Store } from '../../store/store.ts'
import { Herd } from '../herd.ts'
import { closeStoresOf } from './exited-threads.ts'

/** Without kernel ticks: a store contains Node's number of its thread, and no ticks. */

function storeOf(directory: string, threadId: number, startTicks: number): Store {
  const store = new Store({ storage: 'file', directory, worker: threadId })
  store.storage.values[HEADER.threadId] = threadId
  store.storage.values[HEADER.startTicks] = startTicks
  store.flush()
  return store
}

test('the stores of an exited thread are closed, and no others', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const threadId of [3, 4]) storeOf(directory, threadId, 0)
  const main = storeOf(directory, 0, 0)
  writeSync(openSync(join(directory, 'other.file'), 'w'), 'nothing of ours')
  const herd = new Herd({ directory })
  onTestFinished(() => herd.close())
  const living = async (): Promise<(number | undefined)[]> => {
    await herd.snapshot()
    return herd.members.map(({ worker }) => worker).sort()
  }
  expect(await living()).toEqual([0, 3, 4])
  closeStoresOf(directory, 3)
  expect(await living()).toEqual([0, 4])
  closeStoresOf(join(directory, 'nowhere'), 4)
  expect(await living()).toEqual([0, 4])
  main.close()
  expect(await living()).toEqual([4])
})
