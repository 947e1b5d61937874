import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HeapEvidence } from './heap-evidence.ts'

const MIB = 1024 * 1024
const PAGES_IN_MIB = MIB / 4096
/** A heap of which 8 MiB are used at the start, of 96 MiB at most, in a process that has 50 MiB beside it. */
const HEAP = { used: 8 * MIB, limit: 96 * MIB }

let account: { pagesTaken: number; residentPages: number } | undefined
let evidence: HeapEvidence

beforeEach(() => {
  vi.useFakeTimers()
  grow(58)
  evidence = new HeapEvidence(undefined, () => account)
  evidence.begin(HEAP)
})
afterEach(() => vi.useRealTimers())

/** The process has so many MiB now, and has given none back. */
function grow(mebibytes: number): void {
  account = { pagesTaken: mebibytes * PAGES_IN_MIB, residentPages: mebibytes * PAGES_IN_MIB }
}

/** The kernel has taken the memory of the process back; its other accounts stay until its end is heard of. */
function end(): void {
  account = { pagesTaken: account!.pagesTaken, residentPages: 0 }
}

test('a heap that filled up within a second before the end was full', () => {
  grow(140)
  end()
  evidence.end()
  expect(evidence.wasFull).toBe(true)
})

test('a heap was full where the account is read between the end of the process and the end of its channel', () => {
  grow(120)
  vi.advanceTimersByTime(1000)
  grow(140)
  end()
  vi.advanceTimersByTime(1000)
  evidence.end()
  expect(evidence.wasFull).toBe(true)
})

test('a heap that did not grow was not full', () => {
  vi.advanceTimersByTime(3000)
  end()
  vi.advanceTimersByTime(1000)
  evidence.end()
  expect(evidence.wasFull).toBe(false)
})

test('nothing is known without an account', () => {
  account = undefined
  const blind = new HeapEvidence(undefined, () => account)
  blind.begin(HEAP)
  blind.end()
  expect(blind.wasFull).toBeUndefined()
})
