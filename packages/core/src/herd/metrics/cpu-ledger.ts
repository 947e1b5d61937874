/**
 * The CPU seconds of each worker, from the values that its processes report and from their process stats. Both count
 * from the start of a process, so the greater one is used. CPU time that a process used but could not report before it
 * was killed is kept, so the sum never decreases when another process replaces it.
 */
export class CpuLedger {
  readonly #accounts = new Map<string, Account>()

  /** A process of `worker` has exited; `cpuSeconds` is the CPU time in its last process stats. */
  bury(worker: string, cpuSeconds: number): void {
    this.#accountOf(worker).seenOfDead += cpuSeconds
  }

  /**
   * The CPU seconds to serve for each worker. `said` contains the totals that all its processes have reported, both
   * running and exited.
   */
  shown(said: ReadonlyMap<string, number>, living: readonly Life[]): ReadonlyMap<string, number> {
    const shown = new Map<string, number>()
    for (const [worker, total] of said) {
      const account = this.#accountOf(worker)
      const own = living.filter(life => life.worker === worker)
      const saidByDead = total - own.reduce((sum, life) => sum + life.said, 0)
      const unsaidByLiving = own.reduce((sum, { seen, said }) => sum + Math.max(0, seen - said), 0)
      if (account.seenOfDead > 0) {
        account.unsaidByDead += Math.max(0, account.seenOfDead - (saidByDead - account.saidByDead))
      }
      account.seenOfDead = 0
      account.saidByDead = saidByDead
      account.shown = Math.max(account.shown, total + unsaidByLiving + account.unsaidByDead)
      shown.set(worker, account.shown)
    }
    return shown
  }

  #accountOf(worker: string): Account {
    let account = this.#accounts.get(worker)
    if (account === undefined) {
      account = { shown: 0, seenOfDead: 0, saidByDead: 0, unsaidByDead: 0 }
      this.#accounts.set(worker, account)
    }
    return account
  }
}

/** A running process: the CPU seconds that it reports itself, and those in its last process stats, or 0. */
export interface Life {
  readonly worker: string
  readonly said: number
  readonly seen: number
}

interface Account {
  /** The value that was served last. */
  shown: number
  /** CPU time in the last process stats of processes that have exited since the last snapshot. */
  seenOfDead: number
  /** CPU time reported by exited processes, as of the last snapshot. */
  saidByDead: number
  /** CPU time that exited processes used and did not report. */
  unsaidByDead: number
}
