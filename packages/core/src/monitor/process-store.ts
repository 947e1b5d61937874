import { isMainThread } from 'node:worker_threads'
import type { InternalErrorCause } from '../definitions/metrics.ts'
import { isWrongPath, useDirectory } from '../herd/directory/directory.ts'
import type { DirectoryLock } from '../herd/processes/lock.ts'
import { leaveNumber, parentNumber } from '../herd/processes/parent-number.ts'
import { claimWorkerNumber } from '../herd/processes/worker-number.ts'
import { canMap, type SlabKind } from '../store/slab.ts'
import { Store } from '../store/store.ts'

/** Opens the store of a process: in the herd's directory, with a number that no other worker has, or on the heap. */

/** A store, and the lock on its worker's number if the number was not assigned by another process or an option. */
export interface Opened {
  readonly store: Store
  readonly claim?: DirectoryLock | undefined
  /** True for a thread that works for the worker with this number, and is not a worker itself. */
  readonly isHelper?: boolean
  /** The reason why the store is on the heap although other processes should read it. */
  readonly lack?: string | undefined
}

export type OnTrouble = (cause: InternalErrorCause, message: string) => void

/** Settings for a new store. */
export interface StoreWishes {
  readonly worker?: number | undefined
  readonly slab?: SlabKind | undefined
  /** Whether the directory may belong to another user, or be writable by others. */
  readonly shared?: boolean | undefined
}

/**
 * The store of a herd's worker. If it cannot be created for now, the store is on the heap, and missing from the herd.
 * @throws ERR_PROMHERD_DIRECTORY if the path can never be a directory
 */
export function openStore(directory: string, { worker, slab, shared }: StoreWishes, onTrouble: OnTrouble): Opened {
  let claim: DirectoryLock | undefined
  try {
    useDirectory(directory, { shared })
    const parent = isMainThread ? undefined : parentNumber(directory)
    if (parent !== undefined && (worker ?? parent) === parent) {
      const store = openBest(directory, parent, slab, onTrouble)
      return { store, isHelper: store.paths !== undefined }
    }
    const claimed = worker === undefined ? claimWorkerNumber(directory) : { worker, lock: undefined }
    claim = claimed.lock
    leaveNumber(directory, claimed.worker)
    return { store: openBest(directory, claimed.worker, slab, onTrouble), claim }
  } catch (error) {
    claim?.release()
    if (isWrongPath(error)) throw error
    const opened = loneStore(worker ?? 1, onTrouble)
    const lack = `no store in ${directory}: ${String(error)}`
    opened.store.trouble(
      'store_unavailable',
      `${lack}. What this worker counts is missing from the herd until it has one`,
    )
    return { ...opened, lack }
  }
}

function openBest(directory: string, worker: number, wanted: SlabKind | undefined, onTrouble: OnTrouble): Store {
  if (wanted === 'heap') return loneStore(worker, onTrouble).store
  if (wanted === 'flushed' || !canMap()) return new Store({ slab: 'flushed', directory, worker, onTrouble })
  try {
    return new Store({ slab: 'mapped', directory, worker, onTrouble })
  } catch (error) {
    // A file system without mapping can still be written to; if mapping was requested explicitly, that is an error.
    if (wanted === 'mapped') throw error
    return new Store({ slab: 'flushed', directory, worker, onTrouble })
  }
}

/** The store of a single process. */
export function loneStore(worker: number, onTrouble: OnTrouble): Opened {
  return { store: new Store({ slab: 'heap', directory: undefined, worker, onTrouble }) }
}
