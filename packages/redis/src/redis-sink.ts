import { isSinkError, type Sink, SinkError, type Snapshot, setOwnMetric } from '@promherd/core/forward'
import { type Baseline, HerdLog, type LogEntry, runCooperatively } from '@promherd/core/group'
import { type Answer, evaluate } from './commands/evaluate.ts'
import { GroupKeys, runName } from './commands/keys.ts'
import { PUSH } from './commands/scripts.ts'
import { Connection } from './connection/connection.ts'
import type { RedisTarget } from './connection/target.ts'

export interface RedisSinkOptions {
  readonly redis: RedisTarget
  readonly prefix: string
  readonly group: string
  readonly instance: string
  /** How long this instance counts as running without another push. */
  readonly ttlMs: number
  /** How long its counts are kept for exporters afterwards. */
  readonly keepMs: number
}

/**
 * Writes the snapshots of a herd to Redis: a log of numbers, to which each push adds the changes.
 *
 * The herd is one run in its group, see `RunFacts`. If exporters treated it as departed and folded its counts into
 * the totals of the group, it continues as another run that begins at 0: its counts at its last push are subtracted
 * from then on. So this sink must know the contents of each push that Redis may have.
 */
export class RedisSink implements Sink {
  readonly name = 'redis'
  readonly #options: RedisSinkOptions
  readonly #keys: GroupKeys
  readonly #connection: Connection
  #run: CurrentRun | undefined
  #log: HerdLog | undefined
  #epoch = 0
  #seq = 0
  /** The last push that Redis has confirmed, and one for which this is not known. */
  #acked: Pushed | undefined
  #doubtful: Pushed | undefined
  /** The number of bytes of the last full entry, and of those after it. */
  #fullBytes = 0
  #deltaBytes = 0
  /** How many seconds the clock of Redis is ahead. */
  #clockOffset = 0

  constructor(options: RedisSinkOptions) {
    this.#options = options
    this.#keys = new GroupKeys(options.prefix, options.group)
    this.#connection = new Connection(options.redis)
  }

  async start(): Promise<void> {
    // Each push connects if necessary, since a push has a deadline.
  }

  async push(snapshot: Snapshot, signal: AbortSignal): Promise<void> {
    if (this.#run?.herd !== snapshot.herd) await this.#begin(snapshot, signal)
    if (this.#doubtful !== undefined) await this.#resolve(await this.#send('probe', signal))
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const log = this.#currentLog()
      const isFull = this.#log !== log || log.isSparse || this.#deltaBytes > this.#fullBytes
      this.#log = undefined
      const entry = await runCooperatively(log.encode(snapshot, isFull))
      const pushed = { log, seq: ++this.#seq, values: log.values.slice(0, log.length) }
      this.#doubtful = pushed
      const [word, detail] = await this.#send(isFull ? 'full' : 'delta', signal, entry)
      if (word === 'ok') {
        this.#settle(pushed, entry)
        return
      }
      await this.#resolve([word, detail])
    }
    throw new SinkError('other', 'Redis has rejected a full snapshot')
  }

  async stop(): Promise<void> {
    try {
      if (this.#acked !== undefined && this.#doubtful === undefined) {
        await this.#send('end', AbortSignal.timeout(END_MS))
      }
    } catch {
      // The instance counts as departed after its TTL.
    }
    this.#connection.close()
  }

  /** The herd has been started again, or is seen for the first time. */
  async #begin({ herd, startedAt }: Snapshot, signal: AbortSignal): Promise<void> {
    // If this fails, the previous run departs after its TTL.
    if (this.#acked !== undefined && this.#doubtful === undefined) await this.#send('end', signal).catch(() => {})
    await this.#readClock(signal)
    this.#run = { herd, startedAt, times: 0, baseline: new Map() }
    this.#forget()
  }

  async #readClock(signal: AbortSignal): Promise<void> {
    const [time] = await this.#report(() => this.#connection.run([['TIME']], signal))
    if (!Array.isArray(time)) return
    const offset = Number(time[0]) + Number(time[1]) / 1e6 - Date.now() / 1000
    this.#clockOffset = Math.abs(offset) < CLOCK_TOLERANCE ? 0 : offset
  }

  #currentLog(): HerdLog {
    const { baseline } = this.#run!
    return this.#log ?? new HerdLog(++this.#epoch, baseline, this.#clockOffset)
  }

  #settle(pushed: Pushed, { bytes, isFull }: LogEntry): void {
    this.#acked = pushed
    this.#doubtful = undefined
    this.#log = pushed.log.isSparse ? undefined : pushed.log
    this.#fullBytes = isFull ? bytes.length : this.#fullBytes
    this.#deltaBytes = isFull ? 0 : this.#deltaBytes + bytes.length
  }

  /** Handles a response that differs from what was pushed. */
  async #resolve([word, detail]: Answer): Promise<void> {
    const { seq } = this.#doubtful ?? {}
    const known = [this.#doubtful, this.#acked].find(pushed => pushed !== undefined && String(pushed.seq) === detail)
    this.#doubtful = undefined
    this.#log = undefined
    if (word === 'folded') this.#continueAsNewRun(known ?? this.#acked)
    else if (word === 'at') this.#acked = detail === '' ? undefined : known
    else if (word !== 'base') throw new SinkError('other', `Redis responded with ${word} to push ${seq}`)
  }

  /** The pushed counts are in the totals of the group: this herd begins at 0 there. */
  #continueAsNewRun(folded: Pushed | undefined): void {
    const run = this.#run!
    const baseline = folded?.log.baselineAt(folded.values) ?? run.baseline
    this.#run = { ...run, baseline, times: run.times + 1, startedAt: Date.now() / 1000 + this.#clockOffset }
    this.#forget()
  }

  #forget(): void {
    this.#log = undefined
    this.#acked = undefined
    this.#doubtful = undefined
  }

  async #send(kind: 'full' | 'delta' | 'probe' | 'end', signal: AbortSignal, entry?: LogEntry): Promise<Answer> {
    const { instance, ttlMs, keepMs } = this.#options
    const { herd, startedAt, times } = this.#run!
    const run = runName(instance, herd, times)
    const names = this.#keys.names(run, this.#epoch)
    const before = this.#acked === undefined ? names : this.#keys.names(run, this.#acked.log.epoch)
    const keys = [this.#keys.runs, this.#keys.numbers(run), names, before, this.#keys.totals]
    const { names: gained = '', namesFrom = 0, bytes = '' } = entry ?? {}
    const facts = JSON.stringify({ instance, startedAt, ttlMs, keepMs })
    const base = this.#acked?.seq ?? ''
    const epoch = kind === 'end' ? (this.#acked?.log.epoch ?? 0) : this.#epoch
    const args = [run, kind, base, this.#seq, ttlMs, keepMs, epoch, namesFrom, gained, bytes, facts]
    try {
      return await this.#report(onPing => evaluate(this.#connection, PUSH, keys, args, { signal, onPing }))
    } catch (error) {
      // Redis has refused it, and has changed nothing.
      if (
        entry !== undefined &&
        isSinkError(error) &&
        error.cause instanceof Error &&
        error.cause.name === 'ReplyError'
      ) {
        this.#doubtful = undefined
      }
      throw error
    }
  }

  /** Reports whether Redis responds. */
  async #report<T>(work: (onPing: (isUp: boolean) => void) => Promise<T>): Promise<T> {
    const report = (isUp: boolean): void => setOwnMetric('redisUp', [], Number(isUp))
    try {
      return await work(report)
    } catch (error) {
      if (isSinkError(error) && (error.reason === 'connection' || error.reason === 'timeout')) report(false)
      throw error
    }
  }
}

interface CurrentRun {
  readonly herd: string
  readonly startedAt: number
  /** How often its counts were folded. */
  readonly times: number
  readonly baseline: Baseline
}

interface Pushed {
  readonly log: HerdLog
  readonly seq: number
  readonly values: Float64Array
}

/** The data in Redis may be lost, and the previous data may be folded in the meantime. */
const ATTEMPTS = 3
const END_MS = 400
/** Clocks are compared over a network: a smaller difference may be the network delay. */
const CLOCK_TOLERANCE = 2
