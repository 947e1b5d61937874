import { isMainThread } from 'node:worker_threads'
import type { InternalErrorCause } from '../definitions/label-values.ts'
import { isWrongPath, useDirectory } from '../herd/directory/directory.ts'
import { inheritedNumber, inheritNumber } from '../herd/processes/inherited-number.ts'
import type { DirectoryLock } from '../herd/processes/lock.ts'
import { claimWorkerNumber } from '../herd/processes/worker-number.ts'
import { canMap, type StorageKind } from '../store/storage.ts'
import { Store } from '../store/store.ts'

/** Opens the store of a process: in the herd's directory, with a number that no other worker has, or on the heap. */

/** A store, and the lock on its worker's number if the number was not assigned by another process or an option. */
export interface Opened {
  readonly store: Store
  readonly claim?: DirectoryLock | undefined
  /** True for a thread that works for the worker with this number, and is not a worker itself. */
  readonly isHelper?: boolean
  /** The reason why the store is on the heap although other processes should read it. */
  readonly missingReason?: string | undefined
}

export type OnError = (cause: InternalErrorCause, message: string) => void

/** Settings for a new store. */
interface StoreSettings {
  readonly worker?: number | undefined
  readonly storage?: StorageKind | undefined
  /** Whether the directory may belong to another user, or be writable by others. */
  readonly shared?: boolean | undefined
}

/**
 * The store of a herd's worker. If it cannot be created for now, the store is on the heap, and missing from the herd.
 * @throws ERR_PROMHERD_DIRECTORY if the path can never be a directory
 */
export function openStore(directory: string, { worker, storage, shared }: StoreSettings, onError: OnError): Opened {
  let claim: DirectoryLock | undefined
  try {
    useDirectory(directory, { shared })
    const parent = isMainThread ? undefined : inheritedNumber(directory)
    if (parent !== undefined && (worker ?? parent) === parent) {
      const store = openBest(directory, parent, storage, onError)
      return { store, isHelper: store.paths !== undefined }
    }
    const claimed = worker === undefined ? claimWorkerNumber(directory) : { worker, lock: undefined }
    claim = claimed.lock
    inheritNumber(directory, claimed.worker)
    return { store: openBest(directory, claimed.worker, storage, onError), claim }
  } catch (error) {
    claim?.release()
    if (isWrongPath(error)) throw error
    const opened = loneStore(worker ?? 1, onError)
    const missingReason = `no store in ${directory}: ${String(error)}`
    opened.store.reportError(
      'store_unavailable',
      `${missingReason}. What this worker counts is missing from the herd until it has one`,
    )
    return { ...opened, missingReason }
  }
}

function openBest(directory: string, worker: number, wanted: StorageKind | undefined, onError: OnError): Store {
  if (wanted === 'memory') return loneStore(worker, onError).store
  if (wanted === 'file' || !canMap()) return new Store({ storage: 'file', directory, worker, onError })
  try {
    return new Store({ storage: 'mmap', directory, worker, onError })
  } catch (error) {
    // A file system without mapping can still be written to; if mapping was requested explicitly, that is an error.
    if (wanted === 'mmap') throw error
    return new Store({ storage: 'file', directory, worker, onError })
  }
}

/** The store of a single process. */
export function loneStore(worker: number, onError: OnError): Opened {
  return { store: new Store({ storage: 'memory', directory: undefined, worker, onError }) }
}
