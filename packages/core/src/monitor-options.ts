import { isPromClientOption, type PromClientOption } from './clients/registry.ts'
import { checkOptions, isBoolean, isFunction, isInteger, isOneOf, isText, type Shape } from './options.ts'
import { SLAB_KINDS, type SlabKind } from './store/slab.ts'

/** What a monitor may be told, by its options and by the environment. */

export interface MonitorOptions {
  /**
   * Where the herd's stores are. Workers with the same directory are one herd; without one this process is a herd of
   * its own. @default PROMETHEUS_MULTIPROC_DIR, else none
   */
  readonly directory?: string | undefined
  /**
   * Whether the directory may belong to another user, and other users may write to it: they can change the metrics then.
   * @default PROMHERD_SHARED_DIRECTORY, else false
   */
  readonly sharedDirectory?: boolean | undefined
  /**
   * This worker's small stable number, from 1. Give one to all workers of a directory or to none. A thread with the
   * number of the process (or thread) that started it is no worker beside it.
   * @default PROMHERD_WORKER, else in a thread its parent's, else the least that no living process of the directory has
   */
  readonly worker?: number | undefined
  /**
   * What is under the store: `mapped` loses nothing but the requests in flight when the process is killed and needs
   * koffi, `flushed` loses at most the last 100 ms, `heap` is for a process alone.
   * @default PROMHERD_SLAB, else the best that there is
   */
  readonly slab?: SlabKind | undefined
  /**
   * Which prom-client registries become part of this process's numbers: `auto` takes the default registry of every
   * prom-client that is loaded, a list takes those (what a bundled application needs), `false` none. @default 'auto'
   */
  readonly promClient?: PromClientOption | undefined
  /** Hears, once for each cause, of what went wrong inside promherd. @default a line on stderr */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** How each of the options is checked. */
export const MONITOR_SHAPE: Shape<MonitorOptions> = {
  directory: isText('Give the path of a directory that the workers share.'),
  sharedDirectory: isBoolean('Leave it out where one user runs all processes.'),
  worker: isInteger(0, 1_000_000, 'Number the workers from 1.'),
  slab: isOneOf(SLAB_KINDS, 'Leave it out for the best that there is.'),
  promClient: isPromClientOption,
  onWarning: isFunction('Give a function that takes the message.'),
}

/** What the variables of the environment say; they are checked like options, by their own names. */
export function fromEnvironment(): MonitorOptions {
  const variables = {
    PROMETHEUS_MULTIPROC_DIR: process.env['PROMETHEUS_MULTIPROC_DIR'] || undefined,
    PROMHERD_WORKER: isInherited() ? undefined : numberOf(process.env['PROMHERD_WORKER']),
    PROMHERD_SLAB: process.env['PROMHERD_SLAB'] || undefined,
  }
  const { directory, worker, slab } = MONITOR_SHAPE
  checkOptions('the environment', variables, {
    PROMETHEUS_MULTIPROC_DIR: directory,
    PROMHERD_WORKER: worker,
    PROMHERD_SLAB: slab,
  })
  return {
    directory: variables.PROMETHEUS_MULTIPROC_DIR,
    sharedDirectory: sharedFromEnvironment(),
    worker: variables.PROMHERD_WORKER as number | undefined,
    slab: variables.PROMHERD_SLAB as SlabKind | undefined,
  }
}

/**
 * What PROMHERD_SHARED_DIRECTORY says; undefined where it is missing or empty.
 * @throws ERR_PROMHERD_BAD_OPTION
 */
export function sharedFromEnvironment(): boolean | undefined {
  const text = process.env['PROMHERD_SHARED_DIRECTORY'] || undefined
  const value = text === undefined ? undefined : readBoolean(text)
  if (value !== undefined) MONITOR_SHAPE.sharedDirectory('PROMHERD_SHARED_DIRECTORY', value)
  return value as boolean | undefined
}

/** `1` and `true`, `0` and `false`; anything else stays as it is, so that an error shows it. */
export function readBoolean(text: string): boolean | string {
  if (text === '1' || text === 'true') return true
  return text === '0' || text === 'false' ? false : text
}

/** True where the number is another's: of a worker that has started this process, and has left it its environment. */
function isInherited(): boolean {
  const primary = process.env['PROMHERD_PRIMARY'] || undefined
  return primary !== undefined && primary !== String(process.ppid)
}

/** What is no number stays as it is, so that the error shows it. */
function numberOf(text: string | undefined): number | string | undefined {
  if (text === undefined || text === '') return undefined
  return Number.isNaN(Number(text)) ? text : Number(text)
}
