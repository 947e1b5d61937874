import type { Task } from '../../snapshot/task.ts'
import type { FamilyLine, SeriesLine } from '../../store/catalog.ts'
import type { StoreReader } from '../reading/reader.ts'

/** The final state of a store. */
export interface FinalState {
  /** Without withdrawn families. */
  readonly families: readonly FamilyLine[]
  /** Without removed series, and without series that are newer than the store's numbers. */
  readonly series: readonly SeriesLine[]
}

/** Reads the numbers and names of a store whose owner has exited. Undefined if it cannot be read completely. */
export function* finalStateOf(reader: StoreReader): Task<FinalState | undefined> {
  const reading = yield* reader.read()
  const generation = reader.header('generation')
  const families = new Map<number, FamilyLine>()
  const series = new Map<number, SeriesLine>()
  let lines = 0
  for (let line = reader.names.next(); line !== undefined; line = reader.names.next()) {
    if (++lines % LINES_PER_STEP === 0) yield
    if (line.kind === 'family') families.set(line.index, line)
    else if (line.kind === 'removed') series.delete(line.slot)
    else if (line.kind === 'series' && (line.generation ?? 0) <= generation) series.set(line.slot, line)
    else if (line.kind === 'withdrawn') {
      families.delete(line.family)
      for (const { family, slot } of [...series.values()]) if (family === line.family) series.delete(slot)
    }
  }
  if (reading !== 'read' || reader.names.isIncomplete) return undefined
  return { families: [...families.values()], series: [...series.values()] }
}

/** A line takes about 2 µs, and ten times that before the code is compiled. */
const LINES_PER_STEP = 64
