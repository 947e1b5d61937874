import { type RunningExample, startAlone, startPreloaded } from '../../support/example.ts'
import type { Managed, Manager } from '../herd.ts'

export const ALONE: Manager = {
  name: 'One process alone',
  about: '`node app.js`. The numbers are in the process; `metricsHandler()` serves them.',
  start: async example => managed(await startAlone(example)),
}

export const PRELOADED: Manager = {
  name: 'One process with the preload',
  about:
    '`node --import @promherd/core/auto app.js`: what the adapter and the preload both see is counted once. The preload serves the metrics on a port of its own.',
  start: async example => managed(await startPreloaded(example)),
}

function managed(running: RunningExample): Managed {
  return {
    urls: [running.url],
    metricsUrl: running.metricsUrl,
    workers: 1,
    reload: async () => void (await running.stop()),
    stop: async () => void (await running.stop()),
    end: async () => void (await running.stop('SIGKILL')),
  }
}
