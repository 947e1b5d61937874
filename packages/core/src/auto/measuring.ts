import type { EventEmitter } from 'node:events'
import { directoryFromEnvironment } from '../base/directory-options.ts'
import { Warner } from '../base/warner.ts'
import type { ProcessConfig } from '../config/process-config.ts'
import { isConflict } from '../http/fallback.ts'
import { HttpRecorder } from '../http/http-recorder.ts'
import type { HttpOptions } from '../http/options/http-options.ts'
import type { RequestServer } from '../http/watch/watch-server.ts'
import { defaultMonitor, hasDefaultMonitor, offerDefaultMonitor } from '../monitor/default-monitor.ts'
import { internalsOf } from '../monitor/internals.ts'
import { createMonitor, type Monitor, monitorIn } from '../monitor/monitor.ts'
import { Recording } from './recording.ts'
import { Serving } from './serving.ts'

/** The part of the preload for a process with an HTTP server: loaded with the first of them. */
export interface Measuring {
  /** Records the requests of `server`. */
  measure(server: RequestServer): void
  /** Serves the metrics, unless another component does. */
  serve(): void
  /** `server` is about to listen, on `port` if that is a number. */
  makeRoom(server: EventEmitter, port: unknown): void
}

/**
 * Creates the monitor that the process shares, unless it has one, and a metrics port for it.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_DIRECTORY, and what the file system throws
 */
export function startMeasuring(config: ProcessConfig | undefined): Measuring {
  const { monitor: options = {}, http = {}, metrics = {} } = config ?? {}
  const warner = new Warner(options.onWarning)
  const directory = options.directory ?? directoryFromEnvironment()
  const serving = metrics === false ? undefined : new Serving(directory, metrics, warner)
  // If the application has created a monitor for the same directory, that is used: two would be two workers.
  if (!hasDefaultMonitor()) offerDefaultMonitor(monitorIn(directory) ?? createMonitor(options))
  const monitor = defaultMonitor()
  const recording = recordingOf(monitor, http, warner)
  return {
    measure: server => recording?.measure(server),
    serve: () => {
      // The primary of a cluster has a port of its own, or has disabled it.
      if (internalsOf(monitor).store.worker > 0) serving?.serve(monitor)
    },
    makeRoom: (server, port) => serving?.makeRoom(server, port),
  }
}

function recordingOf(monitor: Monitor, options: HttpOptions, warner: Warner): Recording | undefined {
  const leave = (): void => warner.log(LEFT)
  try {
    return new Recording(new HttpRecorder(internalsOf(monitor).store, options, leave))
  } catch (error) {
    if (!isConflict(error)) throw error
    leave()
    return undefined
  }
}

const LEFT =
  'The application records requests itself, with other labels or buckets than the preload would, or into the same directory by a monitor of its own: what its adapters do not see is not recorded.'
