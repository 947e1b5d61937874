import { checkOptions, isBoolean, isFunction, isInteger, isOneOf, isText, type Shape } from '../base/check-options.ts'
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
  directory: isText('Give the path of a directory that the workers share.'),
  sharedDirectory: isBoolean('Leave it out where one user runs all processes.'),
  worker: isInteger(0, 1_000_000, 'Number the workers from 1.'),
  storage: isOneOf(STORAGE_KINDS, 'Leave it out for the best that there is.'),
  promClient: isPromClientOption,
  onWarning: isFunction('Give a function that takes the message.'),
}

/** The options in environment variables; they are checked like options, under their own names. */
export function fromEnvironment(): MonitorOptions {
  const variables = {
    PROMETHEUS_MULTIPROC_DIR: process.env['PROMETHEUS_MULTIPROC_DIR'] || undefined,
    PROMHERD_WORKER: isInherited() ? undefined : numberOf(process.env['PROMHERD_WORKER']),
    PROMHERD_STORAGE: process.env['PROMHERD_STORAGE'] || undefined,
  }
  const { directory, worker, storage } = MONITOR_SHAPE
  checkOptions('the environment', variables, {
    PROMETHEUS_MULTIPROC_DIR: directory,
    PROMHERD_WORKER: worker,
    PROMHERD_STORAGE: storage,
  })
  return {
    directory: variables.PROMETHEUS_MULTIPROC_DIR,
    sharedDirectory: sharedFromEnvironment(),
    worker: variables.PROMHERD_WORKER as number | undefined,
    storage: variables.PROMHERD_STORAGE as StorageKind | undefined,
  }
}

/**
 * The value of PROMHERD_SHARED_DIRECTORY; undefined if it is missing or empty.
 * @throws ERR_PROMHERD_BAD_OPTION
 */
export function sharedFromEnvironment(): boolean | undefined {
  const text = process.env['PROMHERD_SHARED_DIRECTORY'] || undefined
  const value = text === undefined ? undefined : readBoolean(text)
  if (value !== undefined) MONITOR_SHAPE.sharedDirectory('PROMHERD_SHARED_DIRECTORY', value)
  return value as boolean | undefined
}

/** `1` and `true`, `0` and `false`; any other value is returned unchanged, so that the error shows it. */
export function readBoolean(text: string): boolean | string {
  if (text === '1' || text === 'true') return true
  return text === '0' || text === 'false' ? false : text
}

/**
 * True if the number belongs to another process: to a worker that started this process and passed its environment on.
 */
function isInherited(): boolean {
  const primary = process.env['PROMHERD_PRIMARY'] || undefined
  return primary !== undefined && primary !== String(process.ppid)
}

/** A value that is not a number is returned unchanged, so that the error shows it. */
function numberOf(text: string | undefined): number | string | undefined {
  if (text === undefined || text === '') return undefined
  return Number.isNaN(Number(text)) ? text : Number(text)
}
