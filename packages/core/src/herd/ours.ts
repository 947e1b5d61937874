import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { decodeLine } from '../store/catalog.ts'
import { decodeExemplar } from '../store/exemplar.ts'
import { openFile, readStart } from '../store/files.ts'
import { MAGIC } from '../store/header.ts'

/**
 * Whether promherd wrote a file that has one of its names: in a given directory users may have files of their own with
 * such names (`3-report.values`), and those are not removed.
 */
export function isOurs(directory: string, name: string): boolean {
  const start = startOf(join(directory, name))
  if (start === undefined) return false
  const kind = name.replace(/\.draft$/, '')
  if (kind.endsWith('.values')) return isValues(start) || (isBlank(start) && hasRandomId(kind))
  if (kind.endsWith('.catalog')) return isCatalog(start) || (isBlank(start) && hasRandomId(kind))
  if (kind.endsWith('.exemplars')) return start.length === 0 || isExemplar(start)
  return false
}

/** How the first line of a catalog begins: of a store, and of totals. */
const FIRST_LINES = ['{"kind":"owner"', '{"name":"']
/** How much of a file tells what it is. */
const START_BYTES = 4096

/** Ids are random numbers of 48 bits, almost none of which is shorter. The totals have none. */
function hasRandomId(name: string): boolean {
  return /-[0-9a-z]{8,10}\.|^retired\./.test(name)
}

function startOf(path: string): Buffer | undefined {
  try {
    const fd = openFile(path)
    try {
      return readStart(fd, START_BYTES)
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

function isValues(start: Buffer): boolean {
  return start.length >= 8 && start.readDoubleLE(0) === MAGIC
}

/** A store whose process ended before it was written. */
function isBlank(start: Buffer): boolean {
  return start.every(byte => byte === 0)
}

function isCatalog(start: Buffer): boolean {
  const text = start.toString()
  const end = text.indexOf('\n')
  // A family with many buckets has a long line, and a torn one has no end.
  if (end < 0) return FIRST_LINES.some(begin => text.startsWith(begin) || (text !== '' && begin.startsWith(text)))
  const kind = decodeLine(text.slice(0, end))?.kind
  return kind === 'owner' || kind === 'family'
}

function isExemplar(start: Buffer): boolean {
  const text = start.toString()
  const end = text.indexOf('\n')
  // A line that is cut was being written when its process ended.
  return end < 0 ? text.startsWith('["') : decodeExemplar(text.slice(0, end)) !== undefined
}
