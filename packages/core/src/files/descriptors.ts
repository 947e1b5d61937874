import { readFileSync } from 'node:fs'
import { hasCode } from './files.ts'

/**
 * How the file descriptors of this process are divided if their number is limited (`ulimit -n`).
 *
 * Without a free descriptor libuv accepts a connection and closes it at once, so files must not take the last
 * descriptors. The lower half of the numbers is for files that stay open. In the upper half, a quarter of all
 * descriptors is for connections of the metrics port, and the rest is for files that are opened briefly.
 */

/** Undefined if the platform does not report it, or if it could not be read yet. */
let limit: number | undefined

/** Node raises its limit at startup, so a value read later stays valid. */
function descriptorLimit(): number {
  limit ??= readLimit()
  return limit ?? Number.POSITIVE_INFINITY
}

function readLimit(): number | undefined {
  try {
    const most = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return most === undefined ? Number.POSITIVE_INFINITY : Number(most)
  } catch (error) {
    // A later attempt can succeed.
    return lacksDescriptors(error) ? undefined : Number.POSITIVE_INFINITY
  }
}

/**
 * True if a descriptor that was just opened should not be kept open. The kernel returns the lowest free number, so a
 * number in the upper half means that the whole lower half is in use.
 */
export function isScarce(fd: number): boolean {
  return fd >= descriptorLimit() / 2
}

/** The number of connections that the metrics port may hold. */
export function connectionShare(most: number): number {
  return Math.max(1, Math.min(most, Math.floor(descriptorLimit() / 4)))
}

/** Throws if the limit does not allow this number of files to be open at the same time, even briefly. */
export function checkMomentaryShare(count: number): void {
  if (count <= descriptorLimit() / 8) return
  throw new Error(`${count} files would be open at the same time, and the process may have ${descriptorLimit()} in all`)
}

/**
 * True if the error means that the process or the system has no free descriptor. Such an error says nothing about the
 * file.
 */
export function lacksDescriptors(error: unknown): boolean {
  return hasCode(error, 'EMFILE') || hasCode(error, 'ENFILE')
}
