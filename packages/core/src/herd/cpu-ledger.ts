/**
 * The CPU seconds of each worker, of what its processes say and of what is seen of them. Both count from the start of a
 * process, so the greater of the two is shown; and what a process took and could not say before it was killed is kept,
 * so the sum never falls when another takes its place.
 */
export class CpuLedger {
  readonly #accounts = new Map<string, Account>()

  /** A process of `worker` has died, and had taken so many seconds when it was last seen. */
  bury(worker: string, cpuSeconds: number): void {
    this.#accountOf(worker).seenOfDead += cpuSeconds
  }

  /** What is to be shown of each worker, of whom `said` tells what all its processes have said, dead or alive. */
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

/** A process that lives: the CPU seconds that it says itself, and those that were last seen of it, or 0. */
export interface Life {
  readonly worker: string
  readonly said: number
  readonly seen: number
}

interface Account {
  /** What was shown last. */
  shown: number
  /** What those had taken, as they were last seen, who have died since. */
  seenOfDead: number
  /** What the dead had said, as of the last snapshot. */
  saidByDead: number
  /** What the dead had taken and not said. */
  unsaidByDead: number
}
