import { readSync } from 'node:fs'
import { FORMAT_VERSION, HEADER, HEADER_SLOTS, MAGIC } from '../../store/header.ts'

/** Reads and validates values files. */

/** The result of reading a values file. */
export type Reading = 'read' | 'damaged' | 'unknown_version'

/** The header of an open values file, or why it is invalid. Throws the errors of the file system. */
export function readHeader(fd: number): Float64Array | Exclude<Reading, 'read'> {
  const header = new Float64Array(HEADER_SLOTS)
  if (readFully(fd, header, 0) < HEADER_SLOTS || header[HEADER.magic] !== MAGIC) return 'damaged'
  if (header[HEADER.version] !== FORMAT_VERSION) return 'unknown_version'
  const isPlausible = isLength(header[HEADER.length]!, HEADER_SLOTS) && isLength(header[HEADER.retiredIds]!, 0)
  return isPlausible ? header : 'damaged'
}

function isLength(value: number, least: number): boolean {
  return Number.isInteger(value) && value >= least
}

/** Reads numbers from a byte position on, as many as there are; returns their count. */
export function readFully(fd: number, into: Float64Array, position: number): number {
  const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength)
  let done = 0
  while (done < bytes.length) {
    const read = readSync(fd, bytes, done, bytes.length - done, position + done)
    if (read === 0) break
    done += read
  }
  return Math.floor(done / 8)
}

/**
 * True for a large file that consists almost entirely of holes. A store grows by writing zeros, so it has none; a file
 * system that compresses zeros still allocates far more than this.
 */
export function isHollow(bytes: number, blocks: number | undefined): boolean {
  return blocks !== undefined && bytes > LARGE_BYTES && blocks * BLOCK_BYTES * LEAST_SHARE < bytes
}

/** The unit of `Stats.blocks` on every platform. */
const BLOCK_BYTES = 512
const LARGE_BYTES = 2 ** 21
const LEAST_SHARE = 256
