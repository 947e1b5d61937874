import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT, startProcess } from '../../support/process.ts'
import { freePort, temporaryDirectory } from '../../support/resources.ts'
import type { Manager } from '../herd.ts'
import { ENVIRONMENT } from './environment.ts'

export const OWN_CLUSTER: Manager = {
  name: 'Custom cluster code',
  about:
    '`node:cluster` by hand, with `serveHerd()` in the primary and `PROMETHEUS_MULTIPROC_DIR` in the environment. That code decides what a signal does: here SIGHUP forks new workers, and SIGTERM disconnects them.',
  async start(example) {
    const directory = temporaryDirectory()
    const [port, metricsPort] = [await freePort(), await freePort()]
    const script = fileURLToPath(new URL('../fixtures/own-cluster.mjs', import.meta.url))
    const running = await startProcess(process.execPath, [script, join(ROOT, 'examples', example, 'app.js')], {
      env: {
        ...ENVIRONMENT,
        PROMETHEUS_MULTIPROC_DIR: directory.path,
        PROMETHEUS_METRICS_PORT: String(metricsPort),
        PORT: String(port),
      },
    })
    return {
      urls: [`http://127.0.0.1:${port}`],
      metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
      workers: 2,
      reload: async () => void process.kill(running.pid, 'SIGHUP'),
      stop: async () => void (await running.stop('SIGTERM')),
      async end() {
        await running.stop('SIGTERM')
        directory.remove()
      },
    }
  },
}
