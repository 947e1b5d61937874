import { startClustered } from '../../support/example.ts'
import type { Manager } from '../herd.ts'

export const CLUSTER: Manager = {
  name: 'The cluster helper',
  about:
    '`startCluster()`. The primary starts the workers, answers signals and serves the metrics port. A reload is HUP.',
  async start(example) {
    const running = await startClustered(example, 2)
    return {
      urls: [running.url],
      metricsUrl: running.metricsUrl,
      workers: 2,
      reload: async () => void process.kill(running.process.pid, 'SIGHUP'),
      stop: async () => void (await running.stop('SIGTERM')),
      end: async () => void (await running.stop('SIGQUIT')),
    }
  },
}
