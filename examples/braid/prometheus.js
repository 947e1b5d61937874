import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../demo/processes.js'

/** A separate Prometheus that scrapes the herd each second. A PromQL query shows whether a counter has decreased. */

export async function startPrometheus(metricsUrl) {
  const folder = mkdtempSync(join(tmpdir(), 'promherd-braid-'))
  const port = await freePort(0)
  const { host, pathname } = new URL(metricsUrl)
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [{ job_name: 'herd', metrics_path: pathname, static_configs: [{ targets: [host] }] }],
  }
  // JSON is also YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: 'ignore' },
  )
  const exited = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  const prometheus = {
    resets: names => resets(`http://127.0.0.1:${port}`, names),
    async stop() {
      process.off('exit', kill)
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await untilReady(`http://127.0.0.1:${port}`, exited)
  } catch (error) {
    if (child.pid !== undefined) await prometheus.stop()
    throw error
  }
  return prometheus
}

async function untilReady(url, exited) {
  let failure
  exited.then(
    ([code]) => {
      failure = new Error(`Prometheus ended at once (exit code ${code}).`)
    },
    error => {
      failure = new Error(`Prometheus could not be started: ${error.message}.`)
    },
  )
  const deadline = Date.now() + 30_000
  for (;;) {
    const isReady = await fetch(`${url}/-/ready`).then(
      response => response.ok,
      () => false,
    )
    if (isReady) return
    if (failure !== undefined) throw failure
    if (Date.now() > deadline) throw new Error('Prometheus was not ready within 30 s.')
    await delay(100)
  }
}

/** The number of counter resets, of scrapes and of failed scrapes. `names` are the names of all counters. */
async function resets(url, names) {
  const [scrapes, up] = await Promise.all([total(url, 'count_over_time(up[1d])'), total(url, 'sum_over_time(up[1d])')])
  const fell = []
  // One query per counter: PromQL removes the name of the metric from the result.
  for (const name of names) {
    const count = await total(url, `resets(${name}[1d])`)
    if (count > 0) fell.push({ name, resets: count })
  }
  return { fell, scrapes, failed: scrapes - up }
}

async function total(url, promql) {
  const [sum] = await query(url, `sum(${promql})`)
  return Number(sum?.value[1] ?? 0)
}

async function query(url, promql) {
  const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query: promql }) })
  const { error, data } = await response.json()
  if (error !== undefined) throw new Error(`Prometheus rejected ${promql}: ${error}`)
  return data.result
}
