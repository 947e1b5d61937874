import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FullHeapDetector } from './full-heap-detector.ts'

const MIB = 1024 * 1024
const PAGES_IN_MIB = MIB / 4096
/** A heap of which 8 MiB are used at the start, of 96 MiB at most, in a process that has 50 MiB beside it. */
const HEAP = { used: 8 * MIB, limit: 96 * MIB }

let statistics: { pagesTaken: number; residentPages: number } | undefined
let detector: FullHeapDetector

beforeEach(() => {
  vi.useFakeTimers()
  growTo(58)
  detector = new FullHeapDetector(undefined, () => statistics)
  detector.start(HEAP)
})
afterEach(() => vi.useRealTimers())

/** The process has this resident memory now, and has released none. */
function growTo(mebibytes: number): void {
  statistics = { pagesTaken: mebibytes * PAGES_IN_MIB, residentPages: mebibytes * PAGES_IN_MIB }
}

/** The kernel has reclaimed the memory of the process; its other statistics can be read until Node collects its exit. */
function exit(): void {
  statistics = { pagesTaken: statistics!.pagesTaken, residentPages: 0 }
}

test('a heap that fills up within the last second before the exit is full', () => {
  growTo(140)
  exit()
  detector.stop()
  expect(detector.wasFull).toBe(true)
})

test('a heap is full if a sample is taken between the exit of the process and the end of its channel', () => {
  growTo(120)
  vi.advanceTimersByTime(1000)
  growTo(140)
  exit()
  vi.advanceTimersByTime(1000)
  detector.stop()
  expect(detector.wasFull).toBe(true)
})

test('a heap that does not grow is not full', () => {
  vi.advanceTimersByTime(3000)
  exit()
  vi.advanceTimersByTime(1000)
  detector.stop()
  expect(detector.wasFull).toBe(false)
})

test('the detector reports nothing without statistics', () => {
  statistics = undefined
  const other = new FullHeapDetector(undefined, () => statistics)
  other.start(HEAP)
  other.stop()
  expect(other.wasFull).toBeUndefined()
})
