import { readFileSync, readlinkSync } from 'node:fs'

/** Who owns a store or a lock, and whether it still lives: a pid alone says neither. */

/** What tells this process from every other that may bear its pid; zeros where the platform does not say. */
export function ownerIdentity(): { pidNamespace: number; startTicks: number } {
  return { pidNamespace: pidNamespaceOf('self'), startTicks: startTicksOf('self') ?? 0 }
}

export function pidNamespaceOf(pid: number | 'self'): number {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0] ?? 0)
  } catch {
    return 0
  }
}

/**
 * When the kernel started a process, in its ticks (field 22 of proc_pid_stat(5)); undefined where it cannot be known,
 * -1 for one that has ended and whose parent has not asked for its end yet.
 */
export function startTicksOf(pid: number | 'self'): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is a name in brackets that may hold spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? -1 : Number(fields[19])
  } catch {
    return undefined
  }
}

/**
 * Whether the process that bore `pid` still runs. In the same pid namespace that is a fact; in another it is a guess
 * from the time it last gave a sign.
 */
export function isOwnerAlive(
  owner: { pid: number; pidNamespace: number; startTicks: number },
  lastSignMs: number,
  staleAfterMs: number,
): boolean {
  if (owner.pidNamespace !== pidNamespaceOf('self')) return Date.now() - lastSignMs < staleAfterMs
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const startTicks = startTicksOf(owner.pid)
  // Where /proc hides the processes of others (hidepid), the answer to the signal is all there is to know.
  return owner.startTicks === 0 || startTicks === undefined || startTicks === owner.startTicks
}
