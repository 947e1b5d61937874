import { closeSync, constants, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { openFile } from '../store/files.ts'
import { HEADER, HEADER_SLOTS } from '../store/header.ts'
import { ownerIdentity } from '../store/owner.ts'
import { listStores } from './directory.ts'

/**
 * Says the last word for threads that could not: where the kernel does not tell who lives (its ticks are unknown), the
 * store of a thread that was terminated would look alive for as long as its process does. Heard by whoever starts the
 * threads; answers how to stop.
 */
export function closeStoresOfThreads(directory: string): () => void {
  if (ownerIdentity().startTicks !== 0) return () => {}
  const watch = (thread: Worker): void => {
    const { threadId } = thread
    thread.once('exit', () => closeStoresOf(directory, threadId))
  }
  process.on('worker', watch)
  return () => process.off('worker', watch)
}

/** Closes the stores of a thread of this process that is gone, by Node's number of it. Never throws. */
export function closeStoresOf(directory: string, threadId: number): void {
  try {
    for (const { base } of listStores(directory)) closeIfOf(join(directory, `${base}.values`), threadId)
  } catch {
    // The directory is gone, or was never ours to write.
  }
}

function closeIfOf(path: string, threadId: number): void {
  const header = new Float64Array(HEADER_SLOTS)
  const fd = openFile(path, constants.O_RDWR)
  try {
    readSync(fd, new Uint8Array(header.buffer), 0, header.byteLength, 0)
    const { pid, pidNamespace } = ownerIdentity()
    const isIts =
      header[HEADER.pid] === pid &&
      header[HEADER.pidNamespace] === pidNamespace &&
      header[HEADER.startTicks] === 0 &&
      header[HEADER.threadId] === threadId
    if (isIts) writeSync(fd, new Uint8Array(Float64Array.of(1).buffer), 0, 8, HEADER.closed * 8)
  } finally {
    closeSync(fd)
  }
}
