import { isFunction, isInteger, isOneOf, type Shape } from '../base/check-options.ts'
import { DIRECTORY_SHAPE, directoryFromEnvironment, sharedFromEnvironment } from '../base/directory-options.ts'
import { readVariable } from '../base/environment.ts'
import { isPromClientOption, type PromClientOption } from '../clients/registry.ts'
import { STORAGE_KINDS, type StorageKind } from '../store/storage.ts'

/** The configuration of a monitor, by options and by environment variables. */

export interface MonitorOptions {
  /**
   * The directory of the herd's stores. Workers with the same directory are one herd; without one this process is a
   * herd of its own.
   * @default PROMETHEUS_MULTIPROC_DIR, else none
   */
  readonly directory?: string | undefined
  /**
   * Whether the directory may belong to another user, and other users may write to it: they can then change the
   * metrics.
   * @default PROMHERD_SHARED_DIRECTORY, else false
   */
  readonly sharedDirectory?: boolean | undefined
  /**
   * This worker's stable small number, from 1. Set it for all workers of a directory or for none. A thread with the
   * number of the process (or thread) that started it is not a separate worker.
   * @default PROMHERD_WORKER, else in a thread its parent's, else the lowest number that no running process in the
   * directory uses
   */
  readonly worker?: number | undefined
  /**
   * The storage of the store: `mmap` loses only the requests in flight when the process is killed and needs koffi,
   * `file` loses at most the last 100 ms, `memory` is for a single process.
   * @default PROMHERD_STORAGE, else the best available
   */
  readonly storage?: StorageKind | undefined
  /**
   * Which prom-client registries are included in this process's metrics: `auto` takes the default registry of every
   * prom-client that is loaded, a list takes those registries (needed in a bundled application), `false` none.
   * @default 'auto'
   */
  readonly promClient?: PromClientOption | undefined
  /** Is called, once for each cause, with a message about an internal error of promherd. @default a line on stderr */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** The check of each option. */
export const MONITOR_SHAPE: Shape<MonitorOptions> = {
  ...DIRECTORY_SHAPE,
  worker: isInteger(0, 1_000_000, 'Number the workers from 1.'),
  storage: isOneOf(STORAGE_KINDS, 'Leave it out for the best that there is.'),
  promClient: isPromClientOption,
  onWarning: isFunction('Give a function that takes the message.'),
}

/**
 * The options in environment variables.
 * @throws ERR_PROMHERD_BAD_OPTION, with the name of the variable
 */
export function fromEnvironment(): MonitorOptions {
  return {
    directory: directoryFromEnvironment(),
    sharedDirectory: sharedFromEnvironment(),
    worker: isInherited() ? undefined : readVariable('PROMHERD_WORKER', MONITOR_SHAPE.worker),
    storage: readVariable('PROMHERD_STORAGE', MONITOR_SHAPE.storage) as StorageKind | undefined,
  }
}

/**
 * True if the number belongs to another process: to a worker that started this process and passed its environment on.
 */
function isInherited(): boolean {
  const primary = readVariable('PROMHERD_PRIMARY')
  return primary !== undefined && primary !== process.ppid
}
