import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { isOwnerAlive, type Owner, ownerIdentity } from '../../packages/core/dist/files/owner.js'

const isAlive = (owner: Owner): boolean => isOwnerAlive(owner, Date.now(), 60_000)

/** A thread of this process that sends its owner, and waits. */
async function startThread(): Promise<{ thread: Worker; owner: Owner }> {
  const owner = new URL('../../packages/core/dist/files/owner.js', import.meta.url)
  const code = `
    const { parentPort } = require('node:worker_threads')
    parentPort.on('message', () => {})
    import(${JSON.stringify(owner.href)}).then(({ ownerIdentity }) => parentPort.postMessage(ownerIdentity()))`
  const thread = new Worker(code, { eval: true })
  const [identity] = await once(thread, 'message')
  return { thread, owner: identity }
}

test('a process recognises itself, and no other process that has the same pid', () => {
  const owner = ownerIdentity()
  expect(owner).toMatchObject({ pid: process.pid, threadId: 0 })
  expect(isAlive(owner)).toBe(true)
  expect(isAlive({ ...owner, startTicks: owner.startTicks + 1 })).toBe(!existsSync('/proc/self/stat'))
})

// On other systems it is unknown whether a thread is running.
test.runIf(existsSync('/proc/thread-self'))(
  'a terminated thread has exited, although its process is running',
  async () => {
    const [first, second] = [await startThread(), await startThread()]
    expect(first.owner.pid).toBe(process.pid)
    expect(first.owner.threadId).not.toBe(second.owner.threadId)
    expect([first, second].map(({ owner }) => isAlive(owner))).toEqual([true, true])
    await first.thread.terminate()
    expect([first, second].map(({ owner }) => isAlive(owner))).toEqual([false, true])
    // Another thread may bear its number by now.
    expect(isAlive({ ...second.owner, startTicks: second.owner.startTicks + 1 })).toBe(false)
    await second.thread.terminate()
    expect(isAlive(second.owner)).toBe(false)
  },
)
