import { closeSync, existsSync, openSync, readlinkSync, readSync } from 'node:fs'
import { isMainThread, threadId as nodeThreadId } from 'node:worker_threads'

/** Identifies the owner of a store or a lock, and whether it is still running: a pid alone is enough for neither. */

/** A process, or a thread of one. */
export interface Owner {
  readonly pid: number
  readonly pidNamespace: number
  /**
   * When the kernel started it, in kernel ticks: distinguishes the owner from a later process or thread with the same
   * number. 0 if unknown.
   */
  readonly startTicks: number
  /** 0 for a process; for a thread the kernel's number, or Node's if `startTicks` is 0. */
  readonly threadId: number
}

/** The identity of this process or thread, which differs from every other one that may get the same number. */
export function ownerIdentity(): Owner {
  const owner = { pid: process.pid, pidNamespace: pidNamespaceOf('self') }
  if (isMainThread) return { ...owner, startTicks: startTicksOf('self') ?? 0, threadId: 0 }
  const task = ownTask()
  const startTicks = startTicksOf(`self/task/${task}`)
  if (startTicks === undefined) return { ...owner, startTicks: 0, threadId: nodeThreadId }
  return { ...owner, startTicks, threadId: Number(task) }
}

/** The kernel's number of this thread; undefined if the platform does not report it. */
function ownTask(): string | undefined {
  try {
    return /^\d+\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1]
  } catch {
    return undefined
  }
}

export function pidNamespaceOf(pid: number | 'self'): number {
  if (pid === 'self' && ownNamespace !== undefined) return ownNamespace
  try {
    const namespace = Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0] ?? 0)
    if (pid === 'self') ownNamespace = namespace
    return namespace
  } catch {
    return 0
  }
}

/** A process never leaves its initial pid namespace. */
let ownNamespace: number | undefined

/**
 * When the kernel started a process, or a thread (`<pid>/task/<thread>`), in kernel ticks (field 22 of
 * proc_pid_stat(5)); undefined if unknown, -1 for a zombie (exited, and not yet waited for by its parent).
 */
function startTicksOf(task: number | string): number | undefined {
  try {
    const stat = textOf(`/proc/${task}/stat`)
    // The second field is a name in brackets, which may itself contain spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? -1 : Number(fields[19])
  } catch {
    return undefined
  }
}

/** Reads a one-line file of the kernel. One is read for each owner at each scrape, and `readFile` costs far more. */
function textOf(path: string): string {
  const fd = openSync(path, 'r')
  try {
    return LINE.toString('latin1', 0, readSync(fd, LINE, 0, LINE.length, 0))
  } finally {
    closeSync(fd)
  }
}

const LINE = Buffer.alloc(1024)

/** True if the process that has this pid now is the owner itself. Also false if the start time is unknown. */
export function isOwnerItself({ pid, startTicks }: Pick<Owner, 'pid' | 'startTicks'>): boolean {
  return startTicks > 0 && startTicksOf(pid) === startTicks
}

/**
 * Whether the process or thread with these numbers is still running. In the same pid namespace this is certain; in
 * another one it is estimated from the last sign of activity.
 */
export function isOwnerAlive(owner: Owner, lastSignMs: number, staleAfterMs: number): boolean {
  if (owner.pidNamespace !== pidNamespaceOf('self')) return Date.now() - lastSignMs < staleAfterMs
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it is running and belongs to another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  if (owner.startTicks === 0) return true
  if (owner.threadId > 0) return isThreadAlive(owner)
  const startTicks = startTicksOf(owner.pid)
  // If /proc hides the processes of other users (hidepid), the result of the signal is the only evidence.
  return startTicks === undefined || startTicks === owner.startTicks
}

function isThreadAlive({ pid, threadId, startTicks }: Owner): boolean {
  const ticks = startTicksOf(`${pid}/task/${threadId}`)
  if (ticks !== undefined) return ticks === startTicks
  // The thread has exited, unless /proc hides the whole process, or no descriptor was free to read it.
  return existsSync(`/proc/${pid}/task/${threadId}`) || !existsSync(`/proc/${pid}/stat`)
}
