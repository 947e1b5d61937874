import { shared } from './shared.ts'
import type { SnapshotSource } from './snapshot/snapshot.ts'
import type { Store } from './store/store.ts'

/** The herds that this process reads as their primary or exporter, for parts that send them elsewhere. */

export interface ProcessHerd extends SnapshotSource {
  /** Where this process counts what it does itself; part of the snapshot. */
  readonly store: Store
}

const STATE = shared('herds of this process', () => ({ herds: [] as ProcessHerd[], endings: new Set<Ending>() }))

/** Called when the herd ends in order, while it can still be read. */
type Ending = (isUrgent: boolean) => Promise<void>

/** The herd that this process has begun to read last; undefined where it reads none. */
export function herdOfProcess(): ProcessHerd | undefined {
  return STATE.herds.at(-1)
}

/** Makes `herd` the herd of this process until it ends. */
export function offerHerd(herd: ProcessHerd): void {
  STATE.herds.push(herd)
}

/** Ends the herd in order: runs what is to be done before, and withdraws it. Never rejects. */
export async function endHerd(herd: ProcessHerd, isUrgent: boolean): Promise<void> {
  if (herdOfProcess() === herd) await Promise.allSettled([...STATE.endings].map(ending => ending(isUrgent)))
  const index = STATE.herds.indexOf(herd)
  if (index >= 0) STATE.herds.splice(index, 1)
}

/** Has `ending` called before the herd of this process ends in order. Returns how to take that back. */
export function beforeHerdEnds(ending: Ending): () => void {
  STATE.endings.add(ending)
  return () => STATE.endings.delete(ending)
}
