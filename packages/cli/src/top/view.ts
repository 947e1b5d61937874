import { Change, select, sum } from './change.ts'
import type { Samples } from './samples.ts'

/**
 * The content of top and of `--json`: `top.schema.json` describes it. Null stands for a value that was not measured.
 * Times are in seconds, sizes in bytes, ratios from 0 to 1.
 */
export interface View {
  /** The period of the rates and quantiles. */
  readonly intervalSeconds: number
  readonly requests: Traffic & { readonly inFlight: number | null }
  readonly workers: {
    readonly target: number | null
    readonly running: number | null
    readonly restarts: number | null
  }
  readonly byWorker: readonly WorkerView[]
  readonly byRoute: readonly RouteView[]
}

export interface Traffic {
  readonly perSecond: number | null
  readonly errorsPerSecond: number | null
  readonly p50Seconds: number | null
  readonly p99Seconds: number | null
}

export interface WorkerView {
  readonly worker: string
  readonly state: string | null
  readonly pid: number | null
  readonly requestsPerSecond: number | null
  readonly cpuRatio: number | null
  readonly memoryBytes: number | null
  readonly heapRatio: number | null
  readonly eventLoopDelayP99Seconds: number | null
  readonly eventLoopRatio: number | null
  readonly restarts: number | null
  readonly upSeconds: number | null
}

export interface RouteView extends Traffic {
  readonly method: string
  readonly route: string
}

/** The changes between two moments. */
export function viewOf(before: Samples, after: Samples): View {
  const change = new Change(before, after)
  const naming = NAMINGS.find(({ duration }) => after.named(`${duration}_bucket`).length > 0) ?? NAMINGS[0]
  return {
    intervalSeconds: change.seconds,
    requests: { ...traffic(change, naming, {}), inFlight: orNull(sum(after, naming.inFlight)) },
    workers: {
      target: orNull(sum(after, 'promherd_workers_target')),
      running: orNull(sum(after, 'promherd_workers', { state: 'running' })),
      restarts: orNull(sum(after, 'promherd_worker_restarts_total')),
    },
    byWorker: workersOf(after).map(worker => workerView(change, after, worker)),
    byRoute: routesOf(change, after, naming),
  }
}

/** The names of the HTTP metrics under one naming. */
interface Naming {
  readonly duration: string
  readonly inFlight: string
  readonly method: string
  readonly route: string
}

const NAMINGS: readonly [Naming, Naming] = [
  { duration: 'http_request_duration_seconds', inFlight: 'http_requests_in_flight', method: 'method', route: 'route' },
  {
    duration: 'http_server_request_duration_seconds',
    inFlight: 'http_server_active_requests',
    method: 'http_request_method',
    route: 'http_route',
  },
]

function traffic(
  change: Change,
  { duration, method, route }: Naming,
  of: { method?: string; route?: string },
): Traffic {
  const labels = { ...(of.method && { [method]: of.method }), ...(of.route && { [route]: of.route }) }
  const perSecond = change.perSecond(`${duration}_count`, labels)
  // No series of an error means that there was none, provided that requests are counted at all.
  const errors = change.perSecond('http_request_errors_total', of as Record<string, string>)
  return {
    perSecond: orNull(perSecond),
    errorsPerSecond: errors ?? (perSecond === undefined ? null : 0),
    p50Seconds: orNull(change.quantile(0.5, duration, labels)),
    p99Seconds: orNull(change.quantile(0.99, duration, labels)),
  }
}

function workersOf(samples: Samples): string[] {
  const names = ['promherd_worker_info', 'promherd_worker_state']
  const workers = new Set(names.flatMap(name => samples.named(name).map(({ labels }) => labels['worker'] ?? '')))
  return [...workers].filter(worker => worker !== '0').sort((a, b) => Number(a) - Number(b))
}

function workerView(change: Change, after: Samples, worker: string): WorkerView {
  const now = (name: string): number | null => orNull(sum(after, `promherd_worker_${name}`, { worker }))
  const state = select(after, 'promherd_worker_state', { worker }).find(({ value }) => value === 1)?.labels['state']
  const info = select(after, 'promherd_worker_info', { worker }).at(-1)
  const heapLimit = now('heap_limit_bytes')
  const heapUsed = now('heap_used_bytes')
  return {
    worker,
    state: orNull(state),
    pid: info?.labels['pid'] === undefined ? null : Number(info.labels['pid']),
    requestsPerSecond: orNull(change.perSecond('promherd_worker_requests_total', { worker })),
    cpuRatio: orNull(change.perSecond('promherd_worker_cpu_seconds_total', { worker })),
    memoryBytes: now('resident_memory_bytes'),
    heapRatio: heapLimit && heapUsed !== null ? heapUsed / heapLimit : null,
    eventLoopDelayP99Seconds: orNull(change.quantile(0.99, 'promherd_worker_event_loop_delay_seconds', { worker })),
    eventLoopRatio: now('event_loop_utilization_ratio'),
    restarts: now('restarts_total'),
    upSeconds: now('uptime_seconds'),
  }
}

/** The routes with traffic in this time, the busiest first. */
function routesOf(change: Change, after: Samples, naming: Naming): RouteView[] {
  const counts = after.named(`${naming.duration}_count`)
  const keys = new Set(
    counts.map(({ labels }) => JSON.stringify([labels[naming.method] ?? '', labels[naming.route] ?? ''])),
  )
  const routes = [...keys].map((key): RouteView => {
    const [method, route] = JSON.parse(key) as [string, string]
    return { method, route, ...traffic(change, naming, { method, route }) }
  })
  const busy = routes.filter(({ perSecond, errorsPerSecond }) => Number(perSecond) > 0 || Number(errorsPerSecond) > 0)
  return busy.sort((a, b) => Number(b.perSecond) - Number(a.perSecond) || compare(a.route, b.route))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function orNull<T>(value: T | undefined): T | null {
  return value ?? null
}
