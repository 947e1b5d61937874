import { closeSync, openSync, writeSync } from 'node:fs'

/**
 * The names of a store: an append-only log of JSON lines, each written with one call. A torn last line is not yet a
 * line. Families and series are numbered by where they stand: a family by its order, a series by its first slot.
 */

/** How the numbers of several workers become one: see each name in the documentation of gauges. */
export const MERGES = ['sum', 'max', 'min', 'mean', 'latest', 'worker'] as const
export type Merge = (typeof MERGES)[number]

/** `quantiles` is the per-worker half of a summary; it has the summary's name. */
export const FAMILY_TYPES = ['counter', 'gauge', 'histogram', 'summary', 'quantiles', 'untyped'] as const
export type FamilyType = (typeof FAMILY_TYPES)[number]

/** What a family of series is. Two processes that mean the same family say the same here. */
export interface Definition {
  readonly name: string
  readonly type: FamilyType
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, increasing, without +Inf. Empty for every other type. */
  readonly buckets: readonly number[]
  /** `worker` keeps the workers apart with a label `worker`, for any type. The others than `sum` are for gauges. */
  readonly merge: Merge
  /** Histograms only: the counter that their counts are added to when a snapshot is taken. */
  readonly countsInto?: string | undefined
}

export interface FamilyLine extends Definition {
  readonly kind: 'family'
}

export interface SeriesLine {
  readonly kind: 'series'
  /** The family's place among the family lines of this catalog. */
  readonly family: number
  readonly values: readonly string[]
  readonly slot: number
  /** Shown only once it is not zero: the series that takes what a full family cannot. */
  readonly overflow?: boolean
}

/** What a store says of its owner; the first line. */
export interface OwnerLine {
  readonly kind: 'owner'
  readonly nodeVersion: string
}

export type CatalogLine = FamilyLine | SeriesLine | OwnerLine

/** How many slots a series of this family takes in a store. */
export function widthOf(definition: Pick<Definition, 'type' | 'buckets' | 'merge'>): number {
  if (definition.type === 'histogram') return definition.buckets.length + 2 // +Inf, and the sum.
  if (definition.type === 'summary') return 2 // The sum and the count.
  return definition.merge === 'latest' ? 2 : 1 // The value, and when it was set.
}

/** Writes a catalog. */
export class CatalogWriter {
  #fd: number

  /** Begins a new catalog. Throws what the file system throws, EEXIST among it. */
  constructor(path: string, flags: 'ax' | 'a' = 'ax') {
    this.#fd = openSync(path, flags, 0o600)
  }

  /** Goes on with a catalog that may be there and may end in a torn line. */
  static resume(path: string): CatalogWriter {
    const writer = new CatalogWriter(path, 'a')
    writeSync(writer.#fd, '\n')
    return writer
  }

  /** Answers false where the line could not be written whole: it is then no line for any reader. */
  append(line: CatalogLine): boolean {
    if (this.#fd < 0) return false
    const bytes = Buffer.from(encodeLine(line))
    try {
      if (writeSync(this.#fd, bytes) === bytes.length) return true
      // Ends the torn line, so that the next one is not read as its rest.
      writeSync(this.#fd, '\n')
    } catch {
      // A full disk: the caller counts it.
    }
    return false
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }
}

function encodeLine(line: CatalogLine): string {
  if (line.kind === 'series') {
    const short = { s: line.slot, f: line.family, v: line.values }
    return `${JSON.stringify(line.overflow ? { ...short, o: 1 } : short)}\n`
  }
  return `${JSON.stringify(line)}\n`
}

/** Reads one line, or answers undefined where it is none: damage, or written by something else. */
export function decodeLine(text: string): CatalogLine | undefined {
  let line: unknown
  try {
    line = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof line !== 'object' || line === null) return undefined
  const fields = line as Record<string, unknown>
  if ('s' in fields) return seriesLine(fields)
  if (fields['kind'] === 'family') return familyLine(fields)
  if (fields['kind'] === 'owner') return { kind: 'owner', nodeVersion: String(fields['nodeVersion'] ?? '') }
  return undefined
}

function seriesLine({ s, f, v, o }: Record<string, unknown>): SeriesLine | undefined {
  if (!isIndex(s) || !isIndex(f) || !isStrings(v)) return undefined
  return { kind: 'series', slot: s, family: f, values: v, ...(o === 1 ? { overflow: true } : {}) }
}

function familyLine(fields: Record<string, unknown>): FamilyLine | undefined {
  const { name, type, help, labels, buckets, merge, countsInto } = fields
  if (typeof name !== 'string' || typeof help !== 'string' || !isStrings(labels)) return undefined
  if (!FAMILY_TYPES.includes(type as FamilyType) || !MERGES.includes(merge as Merge)) return undefined
  if (!Array.isArray(buckets) || !buckets.every(bound => typeof bound === 'number')) return undefined
  return {
    kind: 'family',
    name,
    type: type as FamilyType,
    help,
    labels,
    buckets,
    merge: merge as Merge,
    ...(typeof countsInto === 'string' ? { countsInto } : {}),
  }
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
