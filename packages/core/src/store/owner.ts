import { closeSync, existsSync, openSync, readlinkSync, readSync } from 'node:fs'
import { isMainThread, threadId as nodeThreadId } from 'node:worker_threads'

/** Who owns a store or a lock, and whether it still lives: a pid alone says neither. */

/** A process, or a thread of one. */
export interface Owner {
  readonly pid: number
  readonly pidNamespace: number
  /** When the kernel started it, in its ticks: tells a reused number from the owner. 0 where nobody says. */
  readonly startTicks: number
  /** 0 for a process; the kernel's number of a thread, or Node's where `startTicks` is 0. */
  readonly threadId: number
}

/** What tells this process, or this thread of it, from every other that may bear its number. */
export function ownerIdentity(): Owner {
  const owner = { pid: process.pid, pidNamespace: pidNamespaceOf('self') }
  if (isMainThread) return { ...owner, startTicks: startTicksOf('self') ?? 0, threadId: 0 }
  const task = ownTask()
  const startTicks = startTicksOf(`self/task/${task}`)
  if (startTicks === undefined) return { ...owner, startTicks: 0, threadId: nodeThreadId }
  return { ...owner, startTicks, threadId: Number(task) }
}

/** The kernel's number of this thread; undefined where the platform does not say. */
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

/** A process never leaves the one that it was born in. */
let ownNamespace: number | undefined

/**
 * When the kernel started a process, or a thread (`<pid>/task/<thread>`), in its ticks (field 22 of
 * proc_pid_stat(5)); undefined where it cannot be known, -1 for one that has ended and whose parent has not asked for
 * its end yet.
 */
function startTicksOf(task: number | string): number | undefined {
  try {
    const stat = textOf(`/proc/${task}/stat`)
    // The second field is a name in brackets that may hold spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? -1 : Number(fields[19])
  } catch {
    return undefined
  }
}

/** A file of the kernel's that is one short line. Every owner's is read at each scrape, and `readFile` does far more. */
function textOf(path: string): string {
  const fd = openSync(path, 'r')
  try {
    return LINE.toString('latin1', 0, readSync(fd, LINE, 0, LINE.length, 0))
  } finally {
    closeSync(fd)
  }
}

const LINE = Buffer.alloc(1024)

/** Whether the process that has this number now is the owner itself. False too where nobody says when it was started. */
export function isOwnerItself({ pid, startTicks }: Pick<Owner, 'pid' | 'startTicks'>): boolean {
  return startTicks > 0 && startTicksOf(pid) === startTicks
}

/**
 * Whether the process or thread still runs that bore these numbers. In the same pid namespace that is a fact; in
 * another it is a guess from the time it last gave a sign.
 */
export function isOwnerAlive(owner: Owner, lastSignMs: number, staleAfterMs: number): boolean {
  if (owner.pidNamespace !== pidNamespaceOf('self')) return Date.now() - lastSignMs < staleAfterMs
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  if (owner.startTicks === 0) return true
  if (owner.threadId > 0) return isThreadAlive(owner)
  const startTicks = startTicksOf(owner.pid)
  // Where /proc hides the processes of others (hidepid), the answer to the signal is all there is to know.
  return startTicks === undefined || startTicks === owner.startTicks
}

function isThreadAlive({ pid, threadId, startTicks }: Owner): boolean {
  const ticks = startTicksOf(`${pid}/task/${threadId}`)
  if (ticks !== undefined) return ticks === startTicks
  // The thread is gone, unless /proc hides the whole process, or no descriptor was free to read it.
  return existsSync(`/proc/${pid}/task/${threadId}`) || !existsSync(`/proc/${pid}/stat`)
}
