import { readFileSync } from 'node:fs'
import { hasCode } from './files.ts'

/**
 * How the file descriptors of this process are shared out where their number is limited (`ulimit -n`).
 *
 * Without a free descriptor libuv accepts a connection and closes it at once, so files must not take the last ones. The
 * lower half of the numbers is for what stays open, of the upper half a quarter of all is for the connections of the
 * metrics port, and the rest is for what is opened for a moment.
 */

/** Undefined where the platform does not tell, or could not be asked yet. */
let limit: number | undefined

/** Node raises its limit when it starts, so what is read later stays true. */
function descriptorLimit(): number {
  limit ??= readLimit()
  return limit ?? Number.POSITIVE_INFINITY
}

function readLimit(): number | undefined {
  try {
    const most = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return most === undefined ? Number.POSITIVE_INFINITY : Number(most)
  } catch (error) {
    // The same attempt can succeed later.
    return lacksDescriptors(error) ? undefined : Number.POSITIVE_INFINITY
  }
}

/**
 * True where a descriptor that was just opened should not be kept. The kernel gives the lowest free number, so a number
 * in the upper half says that all of the lower half are taken.
 */
export function isScarce(fd: number): boolean {
  return fd >= descriptorLimit() / 2
}

/** How many connections the metrics port may hold. */
export function connectionShare(most: number): number {
  return Math.max(1, Math.min(most, Math.floor(descriptorLimit() / 4)))
}

/** Throws where so many files must not be open at the same time, even for a moment. */
export function checkMomentaryShare(count: number): void {
  if (count <= descriptorLimit() / 8) return
  throw new Error(`${count} files would be open at the same time, and the process may have ${descriptorLimit()} in all`)
}

/** True for the error of a process, or of a system, that has no descriptor left: it says nothing of the file. */
export function lacksDescriptors(error: unknown): boolean {
  return hasCode(error, 'EMFILE') || hasCode(error, 'ENFILE')
}
