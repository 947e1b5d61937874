import { VERSION } from '../../base/version.ts'
import type { Definition } from '../../definitions/definition.ts'
import { STORAGE_PLACES, STORE_STATES, type StoragePlace, type StoreState } from '../../definitions/label-values.ts'
import { FAMILIES } from '../../definitions/metrics.ts'
import { Numbers } from '../../snapshot/numbers.ts'
import type { Family } from '../../snapshot/snapshot.ts'
import { type HEADER, WORKER_STATES, type WorkerState } from '../../store/header.ts'

/** A store of the herd, as described by its header. */
export interface Member {
  readonly worker: number | undefined
  readonly startedAt: number
  readonly nodeVersion: string
  header(field: keyof typeof HEADER): number
}

/** The heartbeat age above which a worker counts as hung, unless the herd is configured otherwise. */
export const HUNG_AFTER_MS = 5_000

/** Returns the families of a scan and the self metrics: those of the stores' headers, and those of the scan itself. */
export function selfMetricsOf(scan: {
  members: readonly Member[]
  states: Record<StoreState, number>
  /** The place of the stores; undefined if the process that reads them did not choose it. */
  place?: StoragePlace | undefined
  /** Whether the directory is in order; undefined if there is none. */
  isIntact?: boolean | undefined
  hungAfterMs?: number
  families: readonly Family[]
  seconds: number
}): Family[] {
  const now = Date.now() / 1000
  const hungAfterSeconds = (scan.hungAfterMs ?? HUNG_AFTER_MS) / 1000
  const workers = newestOfEach(scan.members.filter(({ worker }) => worker !== undefined && worker > 0))
  const perWorker = (definition: Definition, value: (store: Member) => number): Family =>
    family(
      definition,
      workers.map(store => [[String(store.worker)], value(store)]),
    )
  const stateOf = (store: Member): WorkerState =>
    now - store.header('heartbeatAt') > hungAfterSeconds ? 'hung' : (WORKER_STATES[store.header('state')] ?? 'dead')
  const families = [
    ...scan.families.filter(({ name }) => !COMPUTED_HERE.has(name)),
    perWorker(FAMILIES.workerStartTime, store => store.startedAt),
    perWorker(FAMILIES.workerUptime, store => now - store.startedAt),
    perWorker(FAMILIES.workerHeartbeatAge, store => Math.max(0, now - store.header('heartbeatAt'))),
    perWorker(FAMILIES.workerStateChanged, store => store.header('stateChangedAt')),
    family(
      FAMILIES.workerState,
      workers.flatMap(store =>
        WORKER_STATES.map(state => [[String(store.worker), state], Number(stateOf(store) === state)] as Sample),
      ),
    ),
    family(
      FAMILIES.workerInfo,
      workers.map(store => [[String(store.worker), String(store.header('pid')), store.nodeVersion], 1]),
    ),
    family(
      FAMILIES.workers,
      WORKER_STATES.map(state => [[state], workers.filter(store => stateOf(store) === state).length]),
    ),
    family(
      FAMILIES.stores,
      STORE_STATES.map(state => [[state], scan.states[state]]),
    ),
    family(
      FAMILIES.storagePlace,
      scan.place === undefined ? [] : STORAGE_PLACES.map(place => [[place], Number(scan.place === place)]),
    ),
    family(FAMILIES.directoryIntact, scan.isIntact === undefined ? [] : [[[], Number(scan.isIntact)]]),
    family(FAMILIES.scrapeDuration, [[[], scan.seconds]]),
    family(FAMILIES.buildInfo, [[[VERSION], 1]]),
  ].filter(each => each.labels.length > 0)
  const series = families.reduce((sum, each) => sum + each.labels.length, 1)
  families.push(family(FAMILIES.series, [[[], series]]))
  return families.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The families that only the reading process provides: a store that contained them too would make the page invalid. */
const COMPUTED_HERE: ReadonlySet<string> = new Set(
  [
    FAMILIES.workerStartTime,
    FAMILIES.workerUptime,
    FAMILIES.workerHeartbeatAge,
    FAMILIES.workerStateChanged,
    FAMILIES.workerState,
    FAMILIES.workerInfo,
    FAMILIES.workers,
    FAMILIES.stores,
    FAMILIES.storagePlace,
    FAMILIES.directoryIntact,
    FAMILIES.scrapeDuration,
    FAMILIES.buildInfo,
    FAMILIES.series,
  ].map(({ name }) => name),
)

/** One member per worker: while a worker is replaced there are two, and a series may appear on the page only once. */
export function newestOfEach(members: readonly Member[]): Member[] {
  const newest = new Map<number | undefined, Member>()
  for (const member of members) {
    const other = newest.get(member.worker)
    if (other === undefined || member.startedAt >= other.startedAt) newest.set(member.worker, member)
  }
  return [...newest.values()]
}

type Sample = readonly [labels: readonly string[], value: number]

function family(definition: Definition, samples: readonly Sample[]): Family {
  return {
    name: definition.name,
    type: 'gauge',
    help: definition.help,
    labelNames: definition.labels,
    buckets: [],
    aggregator: definition.labels.includes('worker') ? 'worker' : definition.aggregator,
    labels: samples.map(([labels]) => labels),
    values: Numbers.from(samples.map(([, value]) => value)),
  }
}
