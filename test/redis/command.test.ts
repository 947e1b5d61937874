import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { ROOT, startProcess } from '../support/process.ts'
import { temporaryDirectory } from '../support/resources.ts'
import { scrape, sum } from '../support/samples.ts'
import { needs } from '../support/skip.ts'
import { until } from '../support/until.ts'
import { freePort, startRedis } from './redis-server.ts'

const PROMHERD = join(ROOT, 'packages/cli/bin/promherd.js')

beforeEach(context => needs(context, 'redis-server'))

test('promherd start and promherd exporter find Redis by the command line or by the environment', async () => {
  const redis = await startRedis()
  const { path, remove } = temporaryDirectory()
  onTestFinished(async () => {
    await redis.close()
    remove()
  })
  const [app, metrics, group] = [await freePort(), await freePort(), await freePort()]
  const program = join(path, 'app.mjs')
  writeFileSync(
    program,
    `import { createServer } from 'node:http'
    createServer((_, response) => response.end('ok')).listen(${app}, '127.0.0.1')`,
  )
  const env = { PROMETHEUS_MULTIPROC_DIR: undefined, REDIS_PORT: 'tcp://10.0.0.1:6379', REDIS_ENABLED: undefined }
  const start = ['start', program, '--workers', '2', '--port', String(metrics), '--redis', redis.url]
  const host = await startProcess(process.execPath, [PROMHERD, ...start, '--group', 'shop', '--instance', '7'], {
    cwd: path,
    env,
  })
  onTestFinished(async () => void (await host.stop('SIGKILL')))
  const exporter = await startProcess(
    process.execPath,
    [PROMHERD, 'exporter', '--group', 'shop', '--port', String(group)],
    { cwd: path, env: { ...env, REDIS_ENABLED: 'true', REDIS_PORT: String(redis.port) } },
  )
  onTestFinished(async () => void (await exporter.stop('SIGKILL')))
  const answer = await until(() => fetch(`http://127.0.0.1:${app}/`), { what: `the program; ${host.output()}` })
  expect(await answer.text()).toBe('ok')
  const url = `http://127.0.0.1:${group}/metrics`
  await until(async () => sum(await scrape(url), 'http_requests_total', { instance: '7' }) === 1, {
    what: `the request at the endpoint of the group; ${host.output()} ${exporter.output()}`,
  })
  expect(exporter.output()).toContain(
    `promherd: the exporter serves the group shop, metrics at http://127.0.0.1:${group}/metrics\n`,
  )
  // An orderly end: the host departs at once.
  await host.stop()
  await until(async () => sum(await scrape(url), 'promherd_group_instances', { state: 'live' }) === 0, {
    what: 'the host to depart',
  })
  expect((await exporter.stop()).code).toBe(0)
})
