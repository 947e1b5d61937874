import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { claimWorkerNumber } from '../../herd/processes/worker-number.ts'
import { HeldNumbers } from './held-numbers.ts'

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'numbers-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test('who looks for a number gets none of the workers, though their stores are not there yet', () => {
  const path = directory()
  const numbers = new HeldNumbers(path)
  numbers.hold(2)
  const { worker, lock } = claimWorkerNumber(path)
  expect(worker).toBe(3)
  numbers.hold(5)
  expect(claimWorkerNumber(path).worker).toBe(6)
  lock.release()
})

test('numbers that are given up are free again, and nothing is left of them', () => {
  const path = directory()
  const numbers = new HeldNumbers(path)
  numbers.hold(3)
  numbers.hold(1)
  const { worker, lock } = claimWorkerNumber(path)
  expect(worker).toBe(2)
  lock.release()
  numbers.hold(0)
  expect(readdirSync(path)).toEqual([])
})

test('a directory in which nobody can write is no trouble', () => {
  expect(() => new HeldNumbers('/proc/none').hold(2)).not.toThrow()
})
