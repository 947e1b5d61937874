import { VERSION } from '../base/version.ts'
import type { Family, Snapshot } from '../snapshot/snapshot.ts'

/** The page of the metrics port for a browser. It loads no other resources. */
export function pageOf(snapshot: Snapshot): string {
  const workers = workersOf(snapshot)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>promherd</title>
<style>${STYLE}</style>
<main>
<h1>promherd <small>${escapeHtml(VERSION)}</small></h1>
<p>${summaryOf(workers)}</p>
${workers.length === 0 ? '' : tableOf(workers)}
<nav><a href="/metrics">Metrics</a> <a href="/-/healthy">Healthy</a> <a href="/-/ready">Ready</a></nav>
</main>
</html>
`
}

interface WorkerRow {
  readonly worker: string
  readonly pid: string
  readonly state: string
  readonly upSeconds: number
}

function workersOf({ families }: Snapshot): WorkerRow[] {
  const named = (name: string): Family | undefined => families.find(family => family.name === name)
  const states = new Map(
    named('promherd_worker_state')
      ?.labels.filter((_, i) => named('promherd_worker_state')?.values.get(i) === 1)
      .map(([worker, state]) => [worker, state]),
  )
  const uptime = named('promherd_worker_uptime_seconds')
  const upSeconds = new Map(uptime?.labels.map(([worker], i) => [worker, uptime.values.get(i)]))
  const rows = (named('promherd_worker_info')?.labels ?? []).map(([worker = '', pid = '']) => ({
    worker,
    pid,
    state: states.get(worker) ?? 'unknown',
    upSeconds: upSeconds.get(worker) ?? 0,
  }))
  return rows.sort((a, b) => Number(a.worker) - Number(b.worker))
}

function summaryOf(workers: readonly WorkerRow[]): string {
  if (workers.length === 0) return 'No worker has started yet.'
  const running = workers.filter(({ state }) => state === 'running').length
  return `${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}, ${running} running.`
}

function tableOf(workers: readonly WorkerRow[]): string {
  const rows = workers.map(
    ({ worker, pid, state, upSeconds }) =>
      `<tr><td>${escapeHtml(worker)}<td class="${escapeHtml(state)}">${escapeHtml(state)}<td>${escapeHtml(pid)}<td>${duration(upSeconds)}`,
  )
  return `<table><tr><th>Worker<th>State<th>Process<th>Up\n${rows.join('\n')}\n</table>`
}

function duration(seconds: number): string {
  const whole = Math.floor(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, char => `&#${char.charCodeAt(0)};`)
}

const STYLE = `
:root { --ink: #1c2024; --soft: #60646c; --line: #e0e1e6; --page: #fcfcfd; --accent: #c2410c; --good: #15803d }
@media (prefers-color-scheme: dark) {
  :root { --ink: #edeef0; --soft: #b0b4ba; --line: #363a3f; --page: #111113; --accent: #fb923c; --good: #4ade80 }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 42rem; margin: 4rem auto; padding: 0 1.5rem }
h1 { margin: 0; font-size: 2rem; letter-spacing: -0.02em }
small { color: var(--soft); font-size: 1rem; font-weight: 400; letter-spacing: 0 }
p { color: var(--soft) }
table { width: 100%; margin: 1.5rem 0; border-collapse: collapse; font-variant-numeric: tabular-nums }
th { color: var(--soft); font-size: 0.85rem; font-weight: 500; text-align: left }
th, td { padding: 0.4rem 0.5rem 0.4rem 0; border-bottom: 1px solid var(--line) }
td { color: var(--accent) }
td:not([class]), td.running { color: inherit }
td.running { color: var(--good) }
nav a { margin-right: 1.25rem; color: var(--accent) }
`
