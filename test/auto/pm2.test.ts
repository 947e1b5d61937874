import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { get, isAlive } from '../cluster/running.ts'
import { runPm2 } from '../matrix/managers/pm2.ts'
import { ROOT } from '../support/process.ts'
import { freePort, temporaryDirectory } from '../support/resources.ts'
import { scrape, select, sum } from '../support/samples.ts'
import { until } from '../support/until.ts'

test('an application that PM2 starts with the preload in its node_args: two instances, counted once, and their output', async () => {
  const [home, directory] = [temporaryDirectory(), temporaryDirectory()]
  const [port, metricsPort] = [await freePort(), await freePort()]
  const app = {
    name: 'app',
    script: join(ROOT, 'test/cli/fixtures/app.cjs'),
    cwd: join(ROOT, 'test'),
    exec_mode: 'cluster',
    instances: 2,
    // An absolute path: PM2 starts its workers in the directory where its daemon was started.
    node_args: `--import ${createRequire(import.meta.url).resolve('@promherd/core/auto')}`,
    out_file: join(home.path, 'out'),
    error_file: join(home.path, 'error'),
    merge_logs: true,
    env: {
      PORT: String(port),
      PROMETHEUS_METRICS_PORT: String(metricsPort),
      PROMETHEUS_MULTIPROC_DIR: directory.path,
    },
  }
  const ecosystem = join(home.path, 'ecosystem.json')
  writeFileSync(ecosystem, JSON.stringify({ apps: [app] }))
  onTestFinished(async () => {
    const daemon = Number(readFileSync(join(home.path, 'pm2.pid'), 'utf8'))
    await runPm2(home.path, ['kill'])
    await until(() => !isAlive(daemon), { what: 'the daemon of PM2 to be gone' })
    home.remove()
    directory.remove()
  })
  await runPm2(home.path, ['start', ecosystem])
  const url = `http://127.0.0.1:${port}`
  await until(() => readFileSync(app.out_file, 'utf8').split('\n').length === 3, {
    what: 'both to have said their line',
  })
  const answers = new Set<string>()
  let asked = 0
  const haveBothAnswered = async (): Promise<boolean> => {
    answers.add((await get(url)).body)
    asked++
    return answers.size === 2
  }
  await until(haveBothAnswered, { what: 'both to have answered' })
  const counted = async (): Promise<number> =>
    sum(await scrape(`http://127.0.0.1:${metricsPort}/metrics`), 'http_requests_total')
  await until(async () => (await counted()) >= asked, { what: `${asked} requests to be counted` })
  expect(await counted()).toBe(asked)
  const samples = await scrape(`http://127.0.0.1:${metricsPort}/metrics`)
  expect(select(samples, 'promherd_worker_info').map(({ labels }) => labels['worker'])).toEqual(['1', '2'])
  const said = readFileSync(app.out_file, 'utf8').trim().split('\n')
  expect(said).toHaveLength(2)
  expect(readFileSync(app.error_file, 'utf8')).toBe('')
})
