import { checkMomentaryShare } from '../store/descriptors.ts'

/** What a process takes. */
export interface Usage {
  /** CPU time since its start, user and system together. */
  readonly cpuSeconds: number
  readonly residentBytes: number
}

/**
 * What these processes take, as the operating system tells everybody; those that are gone are left out. Rejects where
 * it tells nothing.
 */
export async function pidUsage(pids: readonly number[]): Promise<ReadonlyMap<number, Usage>> {
  // It opens one file for each process, all at the same time, and keeps them.
  checkMomentaryShare(pids.length)
  // It complains of what a container lacks on stderr, and then goes on with what is usual.
  process.env['PIDUSAGE_SILENT'] ??= '1'
  // Loaded at the first look: not every process has workers to look at.
  const { default: pidusage } = await import('pidusage')
  const stats: Readonly<Record<string, Stat | null | undefined>> = await pidusage([...pids], { maxage: KEPT_MS })
  const usages = new Map<number, Usage>()
  for (const pid of pids) {
    const stat = stats[pid]
    if (!Number.isFinite(stat?.ctime) || !Number.isFinite(stat?.memory)) continue
    usages.set(pid, { cpuSeconds: stat!.ctime / 1000, residentBytes: stat!.memory })
  }
  return usages
}

interface Stat {
  /** Milliseconds. */
  readonly ctime: number
  readonly memory: number
}

/** How long it keeps the file open through which it sees a process. */
const KEPT_MS = 10_000
