import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listNames } from '../../files/files.ts'

/** The directories that promherd creates if none is given: their places and their names. */

/**
 * The place of such a directory: in memory if the platform supports it, otherwise in the directory for temporary files.
 */
export type Place = 'shared_memory' | 'temporary'

export function parentOf(place: Place): string {
  return place === 'shared_memory' ? '/dev/shm' : tmpdir()
}

export const PLACES: readonly Place[] = ['shared_memory', 'temporary']

/** Creates a new private directory. Throws the errors of the file system. */
export function createDirectoryIn(place: Place): string {
  return mkdtempSync(join(parentOf(place), PREFIX))
}

/** The directories that `createDirectoryIn` created, in this process and in others. */
export function listCreatedDirectories(): string[] {
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
