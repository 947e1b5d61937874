import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ownerIdentity } from '../../files/owner.ts'
import { DirectoryLock } from './lock.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function holdAs(holder: object, secondsAgo = 0): void {
  const path = join(directory, 'leader.4')
  writeFileSync(path, JSON.stringify({ token: 'another', ...holder }))
  const then = new Date(Date.now() - secondsAgo * 1000)
  utimesSync(path, then, then)
}

test('a lock has one holder at a time, and can be taken once it is released', () => {
  const lock = DirectoryLock.take(directory, 'leader') as DirectoryLock
  expect(DirectoryLock.take(directory, 'leader')).toEqual({ heldBy: process.pid })
  expect(lock.isHeld()).toBe(true)
  lock.release()
  expect(DirectoryLock.take(directory, 'leader')).toBeInstanceOf(DirectoryLock)
  expect(readdirSync(directory)).toEqual(['leader.1'])
})

test('a pid that another process has taken holds no lock', () => {
  holdAs({ ...ownerIdentity(), startTicks: 1 })
  expect(DirectoryLock.take(directory, 'leader')).toBeInstanceOf(DirectoryLock)
  expect(readdirSync(directory)).toEqual(['leader.5'])
})

test('a holder in another pid namespace holds the lock while it touches its file', () => {
  holdAs({ pid: process.pid, pidNamespace: 1, startTicks: 1 }, 10)
  expect(DirectoryLock.take(directory, 'leader')).toEqual({ heldBy: process.pid })
  holdAs({ pid: process.pid, pidNamespace: 1, startTicks: 1 }, 60)
  expect(DirectoryLock.take(directory, 'leader')).toBeInstanceOf(DirectoryLock)
})

test('a holder that lost its lock neither removes nor claims a lock with the same pid and number', () => {
  const lock = DirectoryLock.take(directory, 'leader') as DirectoryLock
  const successor = { ...ownerIdentity(), token: 'another' }
  writeFileSync(join(directory, 'leader.1'), JSON.stringify(successor))
  expect(lock.isHeld()).toBe(false)
  lock.release()
  expect(readdirSync(directory)).toEqual(['leader.1'])
})
