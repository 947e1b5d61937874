import { checkMomentaryShare } from '../../files/descriptors.ts'

/** The resource usage of a process. */
export interface Usage {
  /** CPU time since its start, user and system together. */
  readonly cpuSeconds: number
  readonly residentBytes: number
}

/**
 * The usage of these processes, as the operating system reports it; exited processes are omitted. Rejects if it reports
 * nothing.
 */
export async function pidUsage(pids: readonly number[]): Promise<ReadonlyMap<number, Usage>> {
  // pidusage opens one file per process, all at the same time, and keeps them open.
  checkMomentaryShare(pids.length)
  // Otherwise it warns on stderr about features that a container lacks, and then continues with defaults.
  process.env['PIDUSAGE_SILENT'] ??= '1'
  // Loaded at the first sample: not every process has workers to sample.
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

/** How long pidusage keeps the file of a process open. */
const KEPT_MS = 10_000
