import { startAlone } from '../../support/example.ts'
import type { Manager } from '../herd.ts'

export const ALONE: Manager = {
  name: 'One process alone',
  about: '`node app.js`. The numbers are in the process; `metricsHandler()` serves them.',
  async start(example) {
    const running = await startAlone(example)
    return {
      urls: [running.url],
      metricsUrl: running.metricsUrl,
      workers: 1,
      reload: async () => void (await running.stop()),
      stop: async () => void (await running.stop()),
      end: async () => void (await running.stop('SIGKILL')),
    }
  },
}
