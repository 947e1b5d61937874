import { closeSync, constants, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { openFile } from '../../files/files.ts'
import { ownerIdentity } from '../../files/owner.ts'
import { HEADER, HEADER_SLOTS } from '../../store/header.ts'
import { listStores } from '../directory/directory.ts'

/**
 * Closes the stores of threads that could not close them: without kernel ticks, the store of a terminated thread would
 * look as if it were running for as long as its process runs. Call it in the process or thread that starts the threads;
 * it returns a function that stops it.
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

/** Closes the stores of an exited thread of this process, given Node's number of it. Never throws. */
export function closeStoresOf(directory: string, threadId: number): void {
  try {
    for (const { base } of listStores(directory)) closeIfOf(join(directory, `${base}.values`), threadId)
  } catch {
    // The directory was removed, or this process may not write to it.
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
