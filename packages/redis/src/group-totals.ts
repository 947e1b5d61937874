import { randomBytes } from 'node:crypto'
import { foldInto, type Group, type InstanceRun, runCooperatively, type StoredTotals } from '@promherd/core/group'
import { evaluate } from './commands/evaluate.ts'
import type { GroupKeys } from './commands/keys.ts'
import { FOLD } from './commands/scripts.ts'
import type { Connection } from './connection/connection.ts'
import { sinkError } from './connection/failures.ts'

/** A run that has departed, and the epoch of its names. */
export interface Departed {
  readonly run: InstanceRun
  readonly epoch: number
}

/**
 * The counts of the departed hosts of a group, in Redis and here. The totals contain the names of the runs that they
 * include, so they can be written again completely if Redis has lost them, and no run is added twice.
 */
export class GroupTotals {
  readonly #connection: Connection
  readonly #keys: GroupKeys
  readonly #group: Group
  /** The runs that the totals include. */
  #folded = new Map<string, { readonly seq: string; readonly at: number }>()
  /** Format, lineage and version of the totals in Redis at the last scan. */
  #version = '||'
  /** Undefined if Redis had none. */
  #format: string | undefined

  constructor(connection: Connection, keys: GroupKeys, group: Group) {
    this.#connection = connection
    this.#keys = keys
    this.#group = group
  }

  /** Identifies the totals in Redis at the last scan: format, lineage and version. */
  get version(): string {
    return this.#version
  }

  /** True for a run that the totals include. */
  has(id: string): boolean {
    return this.#folded.has(id)
  }

  /** Throws if another version of promherd has written the totals: a sum without them would be lower. */
  mustBeReadable(): void {
    if (this.#isReadable) return
    throw new Error(`the totals of the group have format ${this.#format}, and this version reads format ${FORMAT}`)
  }

  get #isReadable(): boolean {
    return (this.#format ?? FORMAT) === FORMAT
  }

  async read(signal: AbortSignal): Promise<void> {
    const [reply] = await this.#connection.run([['HGETALL', this.#keys.totals]], signal)
    if (reply instanceof Error) throw sinkError(reply)
    const fields = new Map<string, Buffer>()
    const list = reply as Buffer[]
    for (let i = 0; i + 1 < list.length; i += 2) fields.set(String(list[i]), list[i + 1]!)
    const text = (name: string): string => String(fields.get(name) ?? '')
    this.#version = [text('format'), text('lineage'), text('version')].join('|')
    this.#format = fields.has('format') ? text('format') : undefined
    if (this.#format !== FORMAT) return
    const stored: StoredTotals = {
      lineage: text('lineage'),
      version: Number(text('version')),
      names: fields.get('names') ?? NOTHING,
      values: fields.get('values') ?? NOTHING,
    }
    const known = this.#group.totals
    // A failover may have brought older totals back: the newer ones are restored.
    if (known?.lineage === stored.lineage && known.version > stored.version) return
    this.#group.setTotals(stored)
    this.#folded = new Map()
    for (const [name, value] of fields) {
      if (!name.startsWith('run:')) continue
      const [seq = '', at] = String(value).split('|')
      this.#folded.set(name.slice(4), { seq, at: Number(at) })
    }
  }

  /** Adds the counts of runs, at a time of Redis. Resolves to false if it was not done, and must be tried again. */
  async fold(due: readonly Departed[], redisTime: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#isReadable) return false
    const before = this.#group.totals ?? emptyTotals()
    const members = due.map(({ run }) => run.member!)
    const after = await runCooperatively(foldInto(before, members))
    const forgotten = this.#forgettable(redisTime)
    const runs = due.flatMap(({ run }) => [run.id, run.seq])
    const { names, values } = after
    const args = [
      'fold',
      after.lineage,
      before.version,
      after.version,
      names,
      values,
      due.length,
      ...runs,
      ...forgotten,
    ]
    const gone = due.flatMap(({ run, epoch }) => [this.#keys.numbers(run.id), this.#keys.names(run.id, epoch)])
    if ((await this.#evaluate(gone, args, signal)) !== 'ok') return false
    for (const { run } of due) this.#folded.set(run.id, { seq: String(run.seq), at: redisTime })
    for (const id of forgotten) this.#folded.delete(id)
    this.#take(after)
    return true
  }

  /** Writes the totals again if Redis has lost them, or has older ones. */
  async restore(signal: AbortSignal): Promise<void> {
    const known = this.#group.totals
    if (known === undefined || !this.#isReadable || this.#version === versionOf(known)) return
    const { lineage, version, names, values } = known
    const runs = [...this.#folded].flatMap(([id, { seq }]) => [id, seq])
    const args = ['restore', lineage, '', version, names, values, this.#folded.size, ...runs]
    if ((await this.#evaluate([], args, signal)) === 'ok') this.#take(known)
  }

  async #evaluate(
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
    signal: AbortSignal,
  ): Promise<string> {
    const all = [this.#keys.runs, this.#keys.totals, ...keys]
    const [word] = await evaluate(this.#connection, FOLD, all, args, { signal })
    return word
  }

  #take(totals: StoredTotals): void {
    this.#group.setTotals(totals)
    this.#version = versionOf(totals)
    this.#format = FORMAT
  }

  /** Lives that were folded so long ago that their hosts will not return. */
  #forgettable(redisTime: number): string[] {
    const old = [...this.#folded].filter(([, { at }]) => redisTime - at > REMEMBERED_MS)
    return old.map(([id]) => id)
  }
}

function emptyTotals(): StoredTotals {
  return { lineage: randomBytes(8).toString('hex'), version: 0, names: NOTHING, values: NOTHING }
}

function versionOf({ lineage, version }: StoredTotals): string {
  return `${FORMAT}|${lineage}|${version}`
}

const FORMAT = '1'
const NOTHING: Buffer = Buffer.alloc(0)
const REMEMBERED_MS = 30 * 86_400_000
