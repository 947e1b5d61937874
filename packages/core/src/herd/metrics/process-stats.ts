import type { Definition } from '../../definitions/definition.ts'
import { FAMILIES } from '../../definitions/metrics.ts'
import { isOwnerItself, pidNamespaceOf } from '../../files/owner.ts'
import { Numbers } from '../../snapshot/numbers.ts'
import type { Family } from '../../snapshot/snapshot.ts'
import type { StoreName } from '../directory/directory.ts'
import { CpuLedger, type RunningProcess } from './cpu-ledger.ts'
import { pidUsage, type Usage } from './pid-usage.ts'
import { type Member, newestOfEach } from './self-metrics.ts'

/**
 * Process stats of a herd: the CPU time and memory of its processes as the operating system reports them, even if a
 * process hangs. They are served under the names that the workers use themselves, so that there is one name that is
 * always right:
 *
 * - memory and CPU utilization are gauges: recent process stats replace the value that the worker reported last;
 * - CPU seconds are counted by both, see `CpuLedger`.
 *
 * The sampler also measures its own process. If that result is implausible, all results are discarded.
 *
 * The CPU time that a process used and did not report is added to the totals when the leader of the directory retires
 * its store. So all readers of the directory serve the same CPU seconds of exited processes.
 *
 * Foreign processes are those that this process neither starts nor stops. Only those are sampled that certainly still own
 * their pid, and their CPU seconds stay as they report them while they run. The reason: this process may restart while
 * they continue, and one of them may exit in the meantime. The sum would decrease then, which Prometheus takes for a
 * restart from zero.
 */
export class ProcessStats {
  readonly #usage: UsageOf
  readonly #onError: (message: string) => void
  readonly #now: () => number
  readonly #areForeign: boolean
  readonly #pidNamespace = pidNamespaceOf('self')
  readonly #samples = new Map<number, Sample>()
  readonly #cpu = new CpuLedger()
  /** The last sampled CPU seconds of exited processes, by store, until the stores are retired. */
  readonly #cpuOfExited = new Map<number, number>()
  /** One array per worker for all snapshots. */
  readonly #labels = new Map<string, readonly [string]>()
  #running: Promise<void> | undefined
  #isFailing = false
  #timer: NodeJS.Timeout | undefined

  constructor(
    onError: (message: string) => void,
    { usage = pidUsage, now = () => performance.now(), areForeign = false }: ProcessStatsOptions = {},
  ) {
    this.#onError = onError
    this.#usage = usage
    this.#now = now
    this.#areForeign = areForeign
  }

  /** Samples every few seconds from now on: an exited process can no longer be sampled. */
  watch(members: () => readonly Member[]): void {
    // Outside Linux each sample starts a program, so samples are taken only when the numbers are requested.
    if (process.platform !== 'linux') return
    this.#timer = setInterval(() => void this.sample(members()), SAMPLE_INTERVAL_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /**
   * Takes a sample now; calls during a running sample share it. Never rejects; its duration depends on the operating
   * system.
   */
  sample(members: readonly Member[]): Promise<void> {
    this.#running ??= this.#take(members.filter(member => this.#isVisible(member))).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /**
   * The families of a snapshot, corrected by process stats. `reportedCpu` returns the CPU seconds in them that a member
   * reported itself.
   */
  correct(
    families: readonly Family[],
    members: readonly Member[],
    reportedCpu: (member: Member) => number,
  ): readonly Family[] {
    const resident = new Map<string, number>()
    const utilization = new Map<string, number>()
    for (const member of newestOfEach(members)) {
      const sample = this.#samples.get(member.header('storeId'))
      if (sample === undefined || this.#now() - sample.at > STALE_AFTER_MS) continue
      resident.set(sample.worker, sample.residentBytes)
      if (sample.utilization !== undefined) utilization.set(sample.worker, sample.utilization)
    }
    const corrected = new Map(families.map(family => [family.name, family]))
    if (!this.#areForeign) {
      const reported = corrected.get(FAMILIES.workerCpu.name)
      this.#replace(
        corrected,
        FAMILIES.workerCpu,
        this.#cpu.served(totalsIn(reported), this.#processesOf(members, reportedCpu)),
      )
    }
    this.#replace(corrected, FAMILIES.workerResidentMemory, resident)
    this.#replace(corrected, FAMILIES.workerCpuUtilization, utilization)
    return [...corrected.values()]
  }

  /** The CPU seconds of a process in its last stats, by its store, running or exited; undefined if there are none. */
  sampledCpu(store: number): number | undefined {
    return this.#samples.get(store)?.cpuSeconds ?? this.#cpuOfExited.get(store)
  }

  /** The store was retired, and `addedCpu` seconds that its process had not reported were added to the totals. */
  retired(store: Pick<StoreName, 'id' | 'worker'>, addedCpu: number): void {
    this.#removeSample(store.id)
    this.#cpuOfExited.delete(store.id)
    if (addedCpu > 0) this.#cpu.addRetired(String(store.worker), addedCpu)
  }

  /** A thread is not a process, and a pid of another container belongs to a different process. */
  #isVisible(member: Member): boolean {
    if (!((member.worker ?? 0) > 0) || member.header('threadId') !== 0) return false
    if (this.#areForeign && member.header('startTicks') === 0) return false
    return member.header('pidNamespace') === this.#pidNamespace
  }

  /** To be called after the sample: a process that owns the pid now also owned it then. */
  #isItself(member: Member): boolean {
    return !this.#areForeign || isOwnerItself({ pid: member.header('pid'), startTicks: member.header('startTicks') })
  }

  async #take(members: readonly Member[]): Promise<void> {
    this.#removeExited(members)
    if (members.length === 0) return
    try {
      const usages = await this.#usage([process.pid, ...members.map(member => member.header('pid'))])
      checkOwn(usages.get(process.pid))
      for (const member of members) if (this.#isItself(member)) this.#add(member, usages.get(member.header('pid')))
      this.#isFailing = false
    } catch (error) {
      if (this.#isFailing) return
      this.#isFailing = true
      this.#onError(
        `process stats cannot be read (${error instanceof Error ? error.message : String(error)}): the served CPU and memory of workers are those that they reported last, and do not change while a worker hangs`,
      )
    }
  }

  #add(member: Member, usage: Usage | undefined): void {
    if (usage === undefined) return
    const id = member.header('storeId')
    const before = this.#samples.get(id)
    const { cpuSeconds, residentBytes } = usage
    const at = this.#now()
    const since = before?.since ?? { cpuSeconds, at }
    const isWhole = at - since.at >= LEAST_WINDOW_MS
    this.#samples.set(id, {
      worker: String(member.worker),
      cpuSeconds,
      residentBytes,
      at,
      utilization: isWhole ? (1000 * (cpuSeconds - since.cpuSeconds)) / (at - since.at) : before?.utilization,
      since: isWhole ? { cpuSeconds, at } : since,
    })
  }

  /** Stats of exited processes are kept for the snapshot that contains all that they reported. */
  #removeExited(members: readonly Member[]): void {
    const ids = new Set(members.map(member => member.header('storeId')))
    for (const id of this.#samples.keys()) if (!ids.has(id)) this.#removeSample(id)
  }

  #removeSample(id: number): void {
    const sample = this.#samples.get(id)
    if (sample === undefined) return
    this.#samples.delete(id)
    this.#cpu.addExited(sample.worker, sample.cpuSeconds)
    this.#cpuOfExited.set(id, sample.cpuSeconds)
    // If another process is the leader, this one does not learn that the store was retired.
    const [oldest] = this.#cpuOfExited.keys()
    if (this.#cpuOfExited.size > MOST_EXITED) this.#cpuOfExited.delete(oldest!)
  }

  #processesOf(members: readonly Member[], reportedCpu: (member: Member) => number): RunningProcess[] {
    this.#removeExited(members)
    return members.map(member => ({
      worker: String(member.worker),
      reported: reportedCpu(member),
      sampled: this.#samples.get(member.header('storeId'))?.cpuSeconds ?? 0,
    }))
  }

  #labelsOf(worker: string): readonly [string] {
    let labels = this.#labels.get(worker)
    if (labels === undefined) {
      labels = [worker]
      this.#labels.set(worker, labels)
    }
    return labels
  }

  /** Replaces the values of these workers in the family, or adds them. */
  #replace(families: Map<string, Family>, definition: Definition, values: ReadonlyMap<string, number>): void {
    if (values.size === 0) return
    const { name, help } = definition
    const known = families.get(name)
    const labels = [...(known?.labels ?? [])]
    const workers = new Set(labels.map(([worker]) => worker))
    for (const worker of values.keys()) if (!workers.has(worker)) labels.push(this.#labelsOf(worker))
    families.set(name, {
      name,
      type: definition.type === 'counter' ? 'counter' : 'gauge',
      help,
      labelNames: ['worker'],
      buckets: [],
      aggregator: 'worker',
      labels,
      values: Numbers.from(labels.map(([worker], i) => values.get(worker!) ?? known!.values.get(i))),
    })
  }
}

/** The value of each worker in a family. */
function totalsIn(family: Family | undefined): ReadonlyMap<string, number> {
  return new Map(family?.labels.map(([worker], i) => [worker!, family.values.get(i)]))
}

export interface ProcessStatsOptions {
  readonly usage?: UsageOf
  /** The time in milliseconds, from an arbitrary origin. */
  readonly now?: () => number
  /** True if the processes are not children of this one. @default false */
  readonly areForeign?: boolean
}

/** Returns the usage of each of these processes; processes that cannot be sampled are omitted. */
export type UsageOf = (pids: readonly number[]) => Promise<ReadonlyMap<number, Usage>>

interface Sample {
  readonly worker: string
  readonly cpuSeconds: number
  readonly residentBytes: number
  /** The time of the sample, in milliseconds. */
  readonly at: number
  /** CPU seconds per second over the last complete window; undefined before the first. */
  readonly utilization: number | undefined
  /** The start of the next window. */
  readonly since: { readonly cpuSeconds: number; readonly at: number }
}

const SAMPLE_INTERVAL_MS = 2000
/** The kernel counts CPU time in ticks of 10 ms, which is one hundredth of this. */
const LEAST_WINDOW_MS = 1000
/** More processes than exit between two retirements. */
const MOST_EXITED = 1024
/** Older stats are no better than the value that the worker reported last. */
const STALE_AFTER_MS = 10_000

/** Detects, for example, a kernel with larger pages than assumed, where the page size could not be determined. */
function checkOwn(own: Usage | undefined): void {
  if (own === undefined) throw new Error('the sampler found no stats of its own process')
  const factor = own.residentBytes / process.memoryUsage.rss()
  if (factor > 1.5 || factor < 1 / 1.5) {
    throw new Error(`the sampler found ${factor.toPrecision(2)} times the memory that its own process has`)
  }
}
