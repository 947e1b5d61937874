import type { Paint } from '../common/paint.ts'
import { ABSENT, age, bytes, count, percent, rate, seconds } from './format.ts'
import { type Column, tableOf } from './table.ts'
import type { RouteView, View, WorkerView } from './view.ts'

/** Renders a view once, as lines for a terminal. */

export interface FrameOptions {
  readonly width: number
  /** The maximum number of lines. Unbounded if it is printed. */
  readonly height: number
  /** The source of the numbers. */
  readonly source: string
  /** Shown in the corner; undefined for none. */
  readonly corner: string | undefined
  readonly paint: Paint
}

export function frameOf(view: View, options: FrameOptions): string[] {
  const { width, height, paint } = options
  const workers = tableOf(WORKERS, view.byWorker, width, paint)
  const top = [
    ...headOf(view, options),
    '',
    ...(view.byWorker.length === 0 ? [paint.dim('There are no workers.')] : workers),
  ]
  const room = height - top.length - 1
  const lines = room < LEAST_ROUTES ? top : [...top, '', ...routesOf(view, width, room, paint)]
  return lines.length <= height
    ? lines
    : [...lines.slice(0, height - 1), paint.dim(`${lines.length - height + 1} more lines`)]
}

function headOf(
  { requests, workers, intervalSeconds }: View,
  { width, source, corner = '', paint }: FrameOptions,
): string[] {
  const name = 'promherd top'
  const room = Math.max(0, width - name.length - corner.length - 4)
  const from = source.length > room ? `${source.slice(0, Math.max(0, room - 1))}…` : source
  const gap = ' '.repeat(Math.max(2, width - name.length - 2 - from.length - corner.length))
  const hasErrors = Number(requests.errorsPerSecond) > 0
  const isShort = workers.target !== null && workers.running !== null && workers.running < workers.target
  const figures: readonly Figure[][] = [
    [
      ['requests', perSecond(requests.perSecond)],
      ['p50', seconds(requests.p50Seconds)],
      ['p99', seconds(requests.p99Seconds)],
      ['errors', perSecond(requests.errorsPerSecond), hasErrors ? paint.bad : undefined],
      ['in flight', count(requests.inFlight)],
    ],
    [
      ['workers', `${count(workers.running)} of ${count(workers.target ?? null)}`, isShort ? paint.warn : undefined],
      ['restarts', count(workers.restarts)],
      ['over', `${intervalSeconds.toFixed(1)} s`],
    ],
  ]
  return [
    `${paint.bold(name)}  ${paint.dim(from)}${gap}${paint.dim(corner)}`.trimEnd(),
    '',
    ...figures.map(line => figuresOf(line, width, paint)),
  ]
}

type Figure = readonly [name: string, value: string, style?: ((text: string) => string) | undefined]

/** As many figures as fit into the line. */
function figuresOf(figures: readonly Figure[], width: number, paint: Paint): string {
  let room = width + GAP.length
  const shown = figures.filter(([name, value]) => {
    room -= name.length + 1 + value.length + GAP.length
    return room >= 0
  })
  return shown.map(([name, value, style = paint.bold]) => `${paint.dim(name)} ${style(value)}`).join(GAP)
}

const GAP = '   '

function perSecond(value: number | null): string {
  return value === null ? ABSENT : `${rate(value)}/s`
}

/** A header, one route, and the number of further ones. */
const LEAST_ROUTES = 3

function routesOf({ byRoute }: View, width: number, room: number, paint: Paint): string[] {
  if (byRoute.length === 0) return [paint.dim('No request has ended in this interval.')]
  // Including the header, and a line with the number of routes that are not shown.
  const shown = byRoute.length + 1 <= room ? byRoute : byRoute.slice(0, room - 2)
  const rest = byRoute.length - shown.length
  const lines = tableOf(ROUTES, shown, width, paint)
  return rest === 0 ? lines : [...lines, paint.dim(`and ${rest} more ${rest === 1 ? 'route' : 'routes'}`)]
}

const WORKERS: readonly Column<WorkerView>[] = [
  { head: 'WORKER', cell: ({ worker }) => worker, removalOrder: 0 },
  {
    head: 'STATE',
    cell: ({ state }) => state ?? ABSENT,
    style: ({ state }, paint) => {
      if (state === 'running') return paint.good
      return state === 'hung' || state === 'dead' ? paint.bad : paint.warn
    },
    isText: true,
    removalOrder: 0,
  },
  { head: 'PID', cell: ({ pid }) => String(pid ?? ABSENT), removalOrder: 4 },
  { head: 'REQ/S', cell: ({ requestsPerSecond }) => rate(requestsPerSecond), removalOrder: 0 },
  { head: 'CPU', cell: ({ cpuRatio }) => percent(cpuRatio), removalOrder: 0 },
  { head: 'MEMORY', cell: ({ memoryBytes }) => bytes(memoryBytes), removalOrder: 1 },
  { head: 'HEAP', cell: ({ heapRatio }) => percent(heapRatio), removalOrder: 6 },
  { head: 'LOOP', cell: ({ eventLoopRatio }) => percent(eventLoopRatio), removalOrder: 3 },
  { head: 'DELAY P99', cell: ({ eventLoopDelayP99Seconds }) => seconds(eventLoopDelayP99Seconds), removalOrder: 2 },
  { head: 'RESTARTS', cell: ({ restarts }) => count(restarts), removalOrder: 7 },
  { head: 'UP', cell: ({ upSeconds }) => age(upSeconds), removalOrder: 5 },
]

const ROUTES: readonly Column<RouteView>[] = [
  { head: 'METHOD', cell: ({ method }) => method || ABSENT, isText: true, removalOrder: 0 },
  { head: 'ROUTE', cell: ({ route }) => route || ABSENT, isText: true, isElastic: true, removalOrder: 0 },
  { head: 'REQ/S', cell: ({ perSecond }) => rate(perSecond), removalOrder: 0 },
  { head: 'P50', cell: ({ p50Seconds }) => seconds(p50Seconds), removalOrder: 2 },
  { head: 'P99', cell: ({ p99Seconds }) => seconds(p99Seconds), removalOrder: 1 },
  {
    head: 'ERRORS/S',
    cell: ({ errorsPerSecond }) => rate(errorsPerSecond),
    style: ({ errorsPerSecond }, paint) => (Number(errorsPerSecond) > 0 ? paint.bad : text => text),
    removalOrder: 0,
  },
]
