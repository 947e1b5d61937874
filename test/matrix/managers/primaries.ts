import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startClustered } from '../../support/example.ts'
import { ROOT, startProcess } from '../../support/process.ts'
import { freePort } from '../../support/resources.ts'
import type { Managed, Manager } from '../herd.ts'
import { ENVIRONMENT } from './environment.ts'

/** The ways in which a primary of promherd starts the workers. */

export const CLUSTER: Manager = {
  name: 'The cluster helper',
  about:
    '`startCluster()`. The primary starts the workers, handles signals and serves the metrics port. SIGHUP reloads.',
  async start(example) {
    const running = await startClustered(example, 2)
    return managed(running.process.pid, running, signal => running.stop(signal))
  },
}

export const CLUSTER_OF_EACH: Manager = {
  ...CLUSTER,
  name: 'The cluster helper with the other examples',
  about: 'The laws that can depend on the framework.',
}

export const THREADS: Manager = {
  name: 'Threads',
  about: '`startThreads()`. The same with threads of one process on one port. A thread is killed by its own process.',
  async start(example) {
    const { pid, where, stop } = await startScript(fileURLToPath(new URL('../fixtures/threads.mjs', import.meta.url)), [
      join(ROOT, 'examples', example, 'app.js'),
    ])
    return { ...managed(pid, where, stop), killOne: async () => void process.kill(pid, 'SIGUSR2') }
  },
}

export const COMMAND: Manager = {
  name: 'The command',
  about:
    '`promherd start app.js --workers 2`, under the preload: a request that both the adapter and the preload observe is counted once. SIGHUP reloads.',
  async start(example) {
    const { pid, where, stop } = await startScript(join(ROOT, 'packages/cli/bin/promherd.js'), [
      'start',
      join(ROOT, 'examples', example, 'app.js'),
    ])
    return managed(pid, where, stop)
  },
}

interface Where {
  readonly url: string
  readonly metricsUrl: string
}

type Stop = (signal: NodeJS.Signals) => Promise<unknown>

function managed(pid: number, { url, metricsUrl }: Where, stop: Stop): Managed {
  return {
    urls: [url],
    metricsUrl,
    workers: 2,
    reload: async () => void process.kill(pid, 'SIGHUP'),
    stop: async () => void (await stop('SIGTERM')),
    end: async () => void (await stop('SIGQUIT')),
  }
}

async function startScript(
  script: string,
  args: readonly string[],
): Promise<{ pid: number; where: Where; stop: Stop }> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const running = await startProcess(process.execPath, [script, ...args], {
    env: {
      ...ENVIRONMENT,
      PROMETHEUS_METRICS_PORT: String(metricsPort),
      PORT: String(port),
      WEB_CONCURRENCY: '2',
    },
  })
  const where = { url: `http://127.0.0.1:${port}`, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics` }
  return { pid: running.pid, where, stop: signal => running.stop(signal) }
}
