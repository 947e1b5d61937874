import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listNames } from '../store/files.ts'

/** The directories that promherd makes where none is given: where they are, and what they are called. */

/** Where a directory may be made: in memory where the platform has such a place, else among the temporary files. */
export type Place = 'shared_memory' | 'temporary'

export function parentOf(place: Place): string {
  return place === 'shared_memory' ? '/dev/shm' : tmpdir()
}

export const PLACES: readonly Place[] = ['shared_memory', 'temporary']

/** Makes a fresh private directory. Throws what the file system throws. */
export function makeDirectoryIn(place: Place): string {
  return mkdtempSync(join(parentOf(place), PREFIX))
}

/** The directories that `makeDirectoryIn` has made, in this process and in others. */
export function listMadeDirectories(): string[] {
  return PLACES.map(parentOf).flatMap(parent => {
    try {
      return listNames(parent)
        .filter(name => MADE.test(name))
        .map(name => join(parent, name))
    } catch {
      return []
    }
  })
}

const PREFIX = 'promherd-'
const MADE = /^promherd-[0-9A-Za-z]{6}$/
