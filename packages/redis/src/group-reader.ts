import type { Snapshot } from '@promherd/core/forward'
import {
  type Aggregate,
  FAMILIES,
  Group,
  InstanceRun,
  type Push,
  runCooperatively,
  Sequence,
} from '@promherd/core/group'
import type { GroupKeys } from './commands/keys.ts'
import { factsOf, pushesOf, textsOf } from './commands/replies.ts'
import type { Command, Connection } from './connection/connection.ts'
import { sinkError } from './connection/failures.ts'
import { GroupTotals } from './group-totals.ts'

export interface GroupReaderOptions {
  readonly connection: Connection
  readonly keys: GroupKeys
  readonly aggregate: Aggregate
  /** Called with the name of an instance that two running hosts have, at each push of the older one. */
  readonly onSharedName: (instance: string) => void
}

/**
 * The state of a group in Redis. A scan is one round trip if no host and no totals are new: it requests everything that
 * was pushed since the previous scan. Data that Redis loses stays here until the deadline of its host.
 *
 * All times are those of Redis. A host past its deadline has departed. Its counts are folded into the totals once it
 * was seen past the deadline for as long as its TTL, since a Redis that was paused has received no pushes in that time.
 */
export class GroupReader {
  readonly #options: GroupReaderOptions
  readonly #group: Group
  readonly #runs = new Map<string, KnownRun>()
  readonly #sequence = new Sequence()
  readonly #startedAt = Date.now() / 1000
  readonly #totals: GroupTotals
  /** The time of Redis at the last scan, in milliseconds. */
  #redisTime = Date.now()
  /** Lives whose retention time, as set by their hosts, is over. */
  #stale: string[] = []
  #underway: Promise<void> | undefined
  #hasRead = false
  #isUp = false

  constructor(options: GroupReaderOptions) {
    this.#options = options
    this.#group = new Group(options.aggregate)
    this.#totals = new GroupTotals(options.connection, options.keys, this.#group)
  }

  get hasRead(): boolean {
    return this.#hasRead
  }

  /** Reads new data. Concurrent calls share one scan. Rejects with a `SinkError`. */
  refresh(signal: AbortSignal): Promise<void> {
    this.#underway ??= this.#sequence
      .run(() => this.#refresh(signal))
      .finally(() => {
        this.#underway = undefined
      })
    return this.#underway
  }

  snapshot(): Promise<Snapshot> {
    return this.#sequence.run(async () => {
      this.#reportUp()
      if (this.#options.aggregate === 'sum') this.#totals.mustBeReadable()
      const runs = [...this.#runs.values()].map(({ run }) => run)
      const families = await runCooperatively(this.#group.sum(runs, run => this.#isLive(run)))
      return {
        takenAt: this.#redisTime / 1000,
        herd: this.#group.totals?.lineage ?? '',
        startedAt: this.#startedAt,
        families,
      }
    })
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    try {
      await this.#scan(signal)
      this.#isUp = true
      this.#hasRead = true
    } catch (error) {
      this.#isUp = false
      throw error
    }
    await this.#maintenance(signal)
  }

  #reportUp(): void {
    const family = this.#group.store.family(FAMILIES.redisUp)
    family.storage.values[family.slot([])] = Number(this.#isUp)
  }

  async #scan(signal: AbortSignal): Promise<void> {
    const { connection, keys } = this.#options
    const known = [...this.#runs.values()].filter(({ run }) => run.member !== undefined)
    const commands: Command[] = [
      ['TIME'],
      ['HGETALL', keys.runs],
      ['HMGET', keys.totals, 'format', 'lineage', 'version'],
      ...known.flatMap(each => this.#newEntriesCommands(each)),
    ]
    const [time, runs, totals, ...pushed] = await connection.run(commands, signal)
    for (const reply of [time, runs, totals]) if (reply instanceof Error) throw sinkError(reply)
    this.#redisTime = Number((time as Buffer[])[0]) * 1000 + Number((time as Buffer[])[1]) / 1000
    this.#updateRuns(runs as Buffer[])
    for (const [i, each] of known.entries()) this.#append(each, pushed[2 * i], pushed[2 * i + 1])
    const version = textsOf(totals).join('|')
    await this.#readWhole(signal)
    if (version !== this.#totals.version) await this.#totals.read(signal)
    for (const id of this.#runs.keys()) if (this.#totals.has(id)) this.#runs.delete(id)
    this.#markExpired()
  }

  #newEntriesCommands({ run }: KnownRun): Command[] {
    const { keys } = this.#options
    const { epoch, bytes } = run.namesRead
    return [
      ['XRANGE', keys.numbers(run.id), `${run.seq + 1}-0`, '+'],
      ['GETRANGE', keys.names(run.id, epoch), bytes, -1],
    ]
  }

  /** Updates the list of runs. */
  #updateRuns(reply: readonly Buffer[]): void {
    for (const known of this.#runs.values()) known.isListed = false
    this.#stale = []
    for (let i = 0; i + 1 < reply.length; i += 2) {
      const id = String(reply[i])
      if (this.#totals.has(id)) continue
      const facts = factsOf(String(reply[i + 1]))
      if (facts !== undefined && facts.deadline + facts.keepMs < this.#redisTime) {
        this.#stale.push(id)
        continue
      }
      const known = this.#runs.get(id) ?? {
        run: new InstanceRun(
          { id, instance: facts?.instance ?? id, startedAt: facts?.startedAt ?? 0 },
          this.#options.aggregate,
        ),
        isListed: true,
        epoch: 0,
        ttlMs: 0,
        mustBeRead: true,
      }
      known.isListed = true
      this.#runs.set(id, known)
      known.run.isUnreadable = facts === undefined
      if (facts === undefined) continue
      known.epoch = facts.epoch
      known.ttlMs = facts.ttlMs
      known.run.deadline = facts.deadline
    }
  }

  #append(known: KnownRun, numbers: unknown, names: unknown): void {
    try {
      const pushes = pushesOf(numbers)
      if (pushes.length === 0) return
      if (!known.run.append(pushes, names as Buffer)) known.mustBeRead = true
      if (this.#hasSuccessor(known.run)) this.#options.onSharedName(known.run.instance)
    } catch {
      known.mustBeRead = true
    }
  }

  /** True if the previous scan had a newer host of the same name: a host that was restarted pushes no more. */
  #hasSuccessor({ instance, startedAt }: InstanceRun): boolean {
    for (const { run } of this.#runs.values()) {
      const isOther = run.instance === instance && run.startedAt > startedAt
      if (isOther && run.member !== undefined && this.#isLive(run)) return true
    }
    return false
  }

  /** Reads runs from their beginning: new ones, and those with a gap in the pushes that were read. */
  async #readWhole(signal: AbortSignal): Promise<void> {
    const { connection, keys } = this.#options
    const wanted = [...this.#runs.values()].filter(each => this.#isWanted(each))
    for (let begin = 0; begin < wanted.length; begin += RUNS_PER_TRIP) {
      const some = wanted.slice(begin, begin + RUNS_PER_TRIP)
      const commands = some.flatMap(({ run, epoch }): Command[] => [
        ['XRANGE', keys.numbers(run.id), '-', '+'],
        ['GET', keys.names(run.id, epoch)],
      ])
      const replies = await connection.run(commands, signal)
      for (const [i, known] of some.entries()) this.#begin(known, replies[2 * i], replies[2 * i + 1])
    }
  }

  #isWanted({ run, mustBeRead, isListed }: KnownRun): boolean {
    if (!mustBeRead || !isListed || run.isUnreadable) return false
    return this.#options.aggregate === 'sum' || this.#isLive(run)
  }

  #begin(known: KnownRun, numbers: unknown, names: unknown): void {
    const { run, epoch } = known
    try {
      // If a failover or a push changed something between the two, it is read at the next scan.
      const pushes: Push[] = pushesOf(numbers)
      if (pushes.length > 0 && Buffer.isBuffer(names) && run.begin(pushes, { epoch, bytes: names }))
        known.mustBeRead = false
    } catch {
      run.isUnreadable = true
    }
  }

  #markExpired(): void {
    const now = performance.now()
    for (const { run } of this.#runs.values()) {
      if (run.deadline >= this.#redisTime) run.expiredSince = undefined
      else run.expiredSince ??= now
    }
  }

  #isLive(run: InstanceRun): boolean {
    return run.deadline >= this.#redisTime
  }

  /** Folds the counts of departed hosts, and restores totals that Redis has lost. */
  async #maintenance(signal: AbortSignal): Promise<void> {
    const { connection, keys } = this.#options
    if (this.#stale.length > 0) await connection.run([['HDEL', keys.runs, ...this.#stale]], signal)
    if (this.#options.aggregate !== 'sum') return
    await this.#totals.restore(signal)
    const now = performance.now()
    const due = [...this.#runs.values()].filter(
      ({ run, ttlMs }) =>
        run.member !== undefined &&
        !run.isUnreadable &&
        run.expiredSince !== undefined &&
        now - run.expiredSince >= ttlMs,
    )
    const some = due.slice(0, RUNS_PER_TRIP)
    if (some.length > 0 && (await this.#totals.fold(some, this.#redisTime, signal))) {
      for (const { run } of some) this.#runs.delete(run.id)
    }
  }
}

interface KnownRun {
  readonly run: InstanceRun
  /** False if Redis has lost it. */
  isListed: boolean
  epoch: number
  ttlMs: number
  mustBeRead: boolean
}

const RUNS_PER_TRIP = 32
