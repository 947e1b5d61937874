import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { claimWorkerNumber } from '../../herd/processes/worker-number.ts'
import { WorkerNumberLocks } from './worker-number-locks.ts'

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'numbers-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test('a process that claims a number gets none of the workers, even before their stores exist', () => {
  const path = directory()
  const locks = new WorkerNumberLocks(path)
  locks.lockUpTo(2)
  const { worker, lock } = claimWorkerNumber(path)
  expect(worker).toBe(3)
  locks.lockUpTo(5)
  expect(claimWorkerNumber(path).worker).toBe(6)
  lock.release()
})

test('released numbers are free again, and their lock files are removed', () => {
  const path = directory()
  const locks = new WorkerNumberLocks(path)
  locks.lockUpTo(3)
  locks.lockUpTo(1)
  const { worker, lock } = claimWorkerNumber(path)
  expect(worker).toBe(2)
  lock.release()
  locks.lockUpTo(0)
  expect(readdirSync(path)).toEqual([])
})

test('a directory that is not writable is no error', () => {
  expect(() => new WorkerNumberLocks('/proc/none').lockUpTo(2)).not.toThrow()
})
