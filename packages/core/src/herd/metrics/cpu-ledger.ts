/**
 * The CPU seconds of each worker, from the values that its processes report and from their process stats. Both count
 * from the start of a process, so the greater one is used. CPU time that a process used but could not report before it
 * was killed is kept, so the sum never decreases when another process replaces it.
 */
export class CpuLedger {
  readonly #accounts = new Map<string, Account>()

  /** A process of `worker` has exited; `cpuSeconds` is the CPU time in its last process stats. */
  addExited(worker: string, cpuSeconds: number): void {
    this.#accountOf(worker).sampledOfExited += cpuSeconds
  }

  /**
   * `seconds` of a process of `worker` that it has not reported itself were added to the totals when its store was
   * retired: from now on they are part of the totals.
   */
  addRetired(worker: string, seconds: number): void {
    this.#accountOf(worker).addedToTotals += seconds
  }

  /**
   * The CPU seconds to serve for each worker. `reported` contains the totals that all its processes have reported, both
   * running and exited.
   */
  served(reported: ReadonlyMap<string, number>, running: readonly RunningProcess[]): ReadonlyMap<string, number> {
    const served = new Map<string, number>()
    for (const [worker, all] of reported) {
      const account = this.#accountOf(worker)
      const total = all - account.addedToTotals
      const own = running.filter(process => process.worker === worker)
      const reportedByExited = total - own.reduce((sum, { reported }) => sum + reported, 0)
      const unreportedByRunning = own.reduce((sum, { sampled, reported }) => sum + Math.max(0, sampled - reported), 0)
      if (account.sampledOfExited > 0) {
        account.unreportedByExited += Math.max(
          0,
          account.sampledOfExited - (reportedByExited - account.reportedByExited),
        )
      }
      account.sampledOfExited = 0
      account.reportedByExited = reportedByExited
      account.served = Math.max(account.served, total + unreportedByRunning + account.unreportedByExited)
      served.set(worker, account.served)
    }
    return served
  }

  #accountOf(worker: string): Account {
    let account = this.#accounts.get(worker)
    if (account === undefined) {
      account = { served: 0, sampledOfExited: 0, reportedByExited: 0, unreportedByExited: 0, addedToTotals: 0 }
      this.#accounts.set(worker, account)
    }
    return account
  }
}

/** A running process: the CPU seconds that it reports itself, and those in its last process stats, or 0. */
export interface RunningProcess {
  readonly worker: string
  readonly reported: number
  readonly sampled: number
}

interface Account {
  /** The value that was served last. */
  served: number
  /** CPU time in the last process stats of processes that have exited since the last snapshot. */
  sampledOfExited: number
  /** CPU time reported by exited processes, as of the last snapshot. */
  reportedByExited: number
  /** CPU time that exited processes used and did not report. */
  unreportedByExited: number
  /** The part of it that was added to the totals. */
  addedToTotals: number
}
