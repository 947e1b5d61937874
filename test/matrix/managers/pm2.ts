import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../../cluster/running.ts'
import type { Example } from '../../support/example.ts'
import { ROOT, runProcess } from '../../support/process.ts'
import { freePort, temporaryDirectory } from '../../support/resources.ts'
import { until } from '../../support/until.ts'
import type { Managed, Manager } from '../herd.ts'
import { ENVIRONMENT } from './environment.ts'

type Mode = 'cluster' | 'fork'

export const PM2_CLUSTER: Manager = {
  name: 'PM2, cluster mode',
  about:
    'As in `examples/pm2`: two instances on one port, and a process that calls `serveHerd()`. `pm2 reload` reloads.',
  start: example => start(example, 'cluster'),
}

export const PM2_FORK: Manager = {
  name: 'PM2, fork mode',
  about: 'The same with two instances, each on its own port. `pm2 reload` restarts them.',
  start: example => start(example, 'fork'),
}

async function start(example: Example, mode: Mode): Promise<Managed> {
  const directory = temporaryDirectory()
  const home = temporaryDirectory()
  // One app on one port, or two apps with a port each: PM2 increments the port, and two consecutive ports are seldom free.
  const ports = mode === 'cluster' ? [await freePort()] : [await freePort(), await freePort()]
  const metricsPort = await freePort()
  const env = { PROMETHEUS_MULTIPROC_DIR: directory.path, PROMETHEUS_METRICS_PORT: String(metricsPort) }
  const apps = ports.map(port => ({
    name: `app-${port}`,
    namespace: 'app',
    script: join(ROOT, 'examples', example, 'app.js'),
    exec_mode: mode,
    instances: 2 / ports.length,
    env: { ...env, PORT: port },
  }))
  const metrics = { name: 'metrics', script: join(ROOT, 'examples/pm2/metrics.js'), exec_mode: 'fork', env }
  const ecosystem = join(home.path, 'ecosystem.json')
  writeFileSync(ecosystem, JSON.stringify({ apps: [...apps, metrics] }))
  const pm2 = (...args: string[]): Promise<void> => runPm2(home.path, args)
  await pm2('start', ecosystem)
  const daemon = Number(readFileSync(join(home.path, 'pm2.pid'), 'utf8'))
  return {
    urls: ports.map(port => `http://127.0.0.1:${port}`),
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    workers: 2,
    reload: () => pm2('reload', 'app'),
    stop: () => pm2('stop', 'app'),
    async end() {
      // The daemon stops its processes, as with `pm2 kill`, which needs one more process.
      process.kill(daemon, 'SIGTERM')
      await until(() => !isAlive(daemon), { what: 'the daemon of PM2 to exit' })
      directory.remove()
      home.remove()
    },
  }
}

/** Runs a command of PM2 with `home` as its PM2_HOME. */
export async function runPm2(home: string, args: readonly string[]): Promise<void> {
  const { code, output } = await runProcess(join(ROOT, 'examples/pm2/node_modules/.bin/pm2'), args, {
    cwd: home,
    // Without these variables PM2 checks for a new version over the network.
    env: { ...ENVIRONMENT, PM2_HOME: home, PM2_PROGRAMMATIC: '1', PM2_DISABLE_VERSION_CHECK: '1' },
  })
  if (code !== 0) throw new Error(`pm2 ${args.join(' ')} ended with ${code}: ${output}`)
}
