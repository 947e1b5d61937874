import type { EventEmitter } from 'node:events'
import type { ProcessConfig } from '../config/process-config.ts'
import { type HttpOptions, HttpRecorder } from '../http/recorder.ts'
import { isConflict } from '../http/stand-in.ts'
import type { RequestServer } from '../http/watch-server.ts'
import {
  createMonitor,
  defaultMonitor,
  hasDefaultMonitor,
  type Monitor,
  monitorIn,
  offerDefaultMonitor,
} from '../monitor.ts'
import { directoryFromEnvironment } from '../server/serve-herd.ts'
import { Warner } from '../server/warner.ts'
import { Recording } from './recording.ts'
import { Serving } from './serving.ts'

/** All that the preload does in a process that has an HTTP server: loaded with the first of them. */
export interface Measuring {
  /** Has the requests of `server` recorded. */
  measure(server: RequestServer): void
  /** Serves the metrics, where nobody else does. */
  serve(): void
  /** `server` is about to listen, on `port` where that is a number. */
  makeRoom(server: EventEmitter, port: unknown): void
}

/**
 * Makes the monitor that the process shares, unless it has one, and a port for it.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_DIRECTORY, and what the file system throws
 */
export function startMeasuring(config: ProcessConfig | undefined): Measuring {
  const { monitor: options = {}, http = {}, metrics = {} } = config ?? {}
  const warner = new Warner(options.onWarning)
  const directory = options.directory ?? directoryFromEnvironment()
  const serving = metrics === false ? undefined : new Serving(directory, metrics, warner)
  // One that the application has made for the same directory is taken: two would be two workers.
  if (!hasDefaultMonitor()) offerDefaultMonitor(monitorIn(directory) ?? createMonitor(options))
  const monitor = defaultMonitor()
  const recording = recordingOf(monitor, http, warner)
  return {
    measure: server => recording?.measure(server),
    serve: () => {
      // The primary of a cluster has a port of its own, or wants none.
      if (monitor.store.worker > 0) serving?.serve(monitor)
    },
    makeRoom: (server, port) => serving?.makeRoom(server, port),
  }
}

function recordingOf(monitor: Monitor, options: HttpOptions, warner: Warner): Recording | undefined {
  const leave = (): void => warner.say(LEFT)
  try {
    return new Recording(new HttpRecorder(monitor.store, options, leave))
  } catch (error) {
    if (!isConflict(error)) throw error
    leave()
    return undefined
  }
}

const LEFT =
  'The application records requests itself, with other labels or buckets than the preload would, or into the same directory by a monitor of its own: what its adapters do not see is not recorded.'
