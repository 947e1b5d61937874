import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fresh directory for a herd, in memory where the platform has one as it is by default, and how to remove it. */
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
