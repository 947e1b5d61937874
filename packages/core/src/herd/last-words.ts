import type { Steps } from '../snapshot/steps.ts'
import type { FamilyLine, SeriesLine } from '../store/catalog.ts'
import type { StoreReader } from './reader.ts'

/** What a store had to the end. */
export interface LastWords {
  /** Without those that were withdrawn. */
  readonly families: readonly FamilyLine[]
  /** Without those that were removed, and those that the store's numbers are too old for. */
  readonly series: readonly SeriesLine[]
}

/** Reads a dead store, numbers and names. Undefined where it cannot be read whole. */
export function* lastWordsOf(reader: StoreReader): Steps<LastWords | undefined> {
  const reading = yield* reader.read()
  const generation = reader.header('generation')
  const families = new Map<number, FamilyLine>()
  const series = new Map<number, SeriesLine>()
  let lines = 0
  for (let line = reader.names.next(); line !== undefined; line = reader.names.next()) {
    if (++lines % LINES_A_STEP === 0) yield
    if (line.kind === 'family') families.set(line.index, line)
    else if (line.kind === 'removed') series.delete(line.slot)
    else if (line.kind === 'series' && (line.born ?? 0) <= generation) series.set(line.slot, line)
    else if (line.kind === 'withdrawn') {
      families.delete(line.family)
      for (const { family, slot } of [...series.values()]) if (family === line.family) series.delete(slot)
    }
  }
  if (reading !== 'read' || reader.names.isCut) return undefined
  return { families: [...families.values()], series: [...series.values()] }
}

/** A line takes some 2 µs, and ten times that before the code is compiled. */
const LINES_A_STEP = 64
