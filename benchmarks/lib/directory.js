import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new directory for a herd, in memory if the platform has such a file system, and a function that removes it. */
export function herdDirectory() {
  const path = made('/dev/shm') ?? made(tmpdir())
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

function made(parent) {
  try {
    return mkdtempSync(join(parent, 'promherd-bench-'))
  } catch {
    return undefined
  }
}
