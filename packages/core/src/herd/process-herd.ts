import { shared } from '../base/shared.ts'
import type { SnapshotSource } from '../snapshot/snapshot.ts'
import type { Store } from '../store/store.ts'

/** The herds that this process reads as their primary or exporter, for modules that send them elsewhere. */

export interface ProcessHerd extends SnapshotSource {
  /** The store for metrics of this process itself; part of the snapshot. */
  readonly store: Store
}

const STATE = shared('herds of this process', () => ({ herds: [] as ProcessHerd[], endings: new Set<Ending>() }))

/** Is called when the herd is shut down in order, while it can still be read. */
type Ending = (isUrgent: boolean) => Promise<void>

/** The herd that this process started to read last; undefined if it reads none. */
export function herdOfProcess(): ProcessHerd | undefined {
  return STATE.herds.at(-1)
}

/** Makes `herd` the herd of this process until it ends. */
export function offerHerd(herd: ProcessHerd): void {
  STATE.herds.push(herd)
}

/** Shuts the herd down in order: runs the registered endings, and unregisters the herd. Never rejects. */
export async function endHerd(herd: ProcessHerd, isUrgent: boolean): Promise<void> {
  if (herdOfProcess() === herd) await Promise.allSettled([...STATE.endings].map(ending => ending(isUrgent)))
  const index = STATE.herds.indexOf(herd)
  if (index >= 0) STATE.herds.splice(index, 1)
}

/**
 * Registers `ending`, which is called before the herd of this process is shut down in order. Returns a function that
 * unregisters it.
 */
export function beforeHerdEnds(ending: Ending): () => void {
  STATE.endings.add(ending)
  return () => STATE.endings.delete(ending)
}
