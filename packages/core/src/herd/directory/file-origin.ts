import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { openFile, readStart } from '../../files/files.ts'
import { decodeLine } from '../../store/catalog.ts'
import { decodeExemplar } from '../../store/exemplar.ts'
import { MAGIC } from '../../store/header.ts'

/**
 * Whether promherd wrote a file with one of its names: in a given directory users may have files of their own with such
 * names (`3-report.values`), which must not be removed.
 */
export function isWrittenByPromherd(directory: string, name: string): boolean {
  const start = startOf(join(directory, name))
  if (start === undefined) return false
  const kind = name.replace(/\.draft$/, '')
  if (kind.endsWith('.values')) return isValues(start) || (isBlank(start) && hasRandomId(kind))
  if (kind.endsWith('.catalog')) return isCatalog(start) || (isBlank(start) && hasRandomId(kind))
  if (kind.endsWith('.exemplars')) return start.length === 0 || isExemplar(start)
  return false
}

/** The beginning of the first line of a catalog: of a store, and of totals. */
const FIRST_LINES = ['{"kind":"owner"', '{"name":"']
/** The number of bytes that are read to identify a file. */
const START_BYTES = 4096

/** Ids are random 48-bit numbers, and almost none is shorter. The totals have no id in their names. */
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

/** The file of a store whose process exited before it was written. */
function isBlank(start: Buffer): boolean {
  return start.every(byte => byte === 0)
}

function isCatalog(start: Buffer): boolean {
  const text = start.toString()
  const end = text.indexOf('\n')
  // A family with many buckets has a long line, and an incomplete line has no end.
  if (end < 0) return FIRST_LINES.some(begin => text.startsWith(begin) || (text !== '' && begin.startsWith(text)))
  const kind = decodeLine(text.slice(0, end))?.kind
  return kind === 'owner' || kind === 'family'
}

function isExemplar(start: Buffer): boolean {
  const text = start.toString()
  const end = text.indexOf('\n')
  // An incomplete line was being written when its process exited.
  return end < 0 ? text.startsWith('["') : decodeExemplar(text.slice(0, end)) !== undefined
}
