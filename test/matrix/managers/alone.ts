import { type RunningExample, startAlone, startPreloaded } from '../../support/example.ts'
import type { Managed, Manager } from '../herd.ts'

export const ALONE: Manager = {
  name: 'One process alone',
  about: '`node app.js`. The counts are in the memory of the process; `metricsHandler()` serves them.',
  start: async example => managed(await startAlone(example)),
}

export const PRELOADED: Manager = {
  name: 'One process with the preload',
  about:
    '`node --import @promherd/core/auto app.js`: a request that both the adapter and the preload observe is counted once. The preload serves the metrics on a separate port.',
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
