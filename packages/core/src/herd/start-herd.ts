import { promherdError } from '../base/errors.ts'
import type { StoragePlace } from '../definitions/label-values.ts'
import { createDirectoryIn, PLACES, type Place } from './directory/created-directories.ts'
import { isWrongPath, removeCreatedDirectory, useDirectory } from './directory/directory.ts'
import type { Herd } from './herd.ts'

/** A directory that the user configured for a herd. */
interface GivenDirectory {
  readonly path: string
  readonly shared: boolean
}

/**
 * Begins a herd: in the given directory, or else in a new directory in shared memory, or else in a temporary one, or
 * else without a directory. Returns the directories that were created, and a message to report if a place could not be
 * used.
 * @throws ERR_PROMHERD_DIRECTORY if the given path can never be a directory, ERR_PROMHERD_PRIMARY_EXISTS
 */
export function startHerd(herd: Herd, given: GivenDirectory | undefined): { made: string[]; error?: string } {
  const reasons: string[] = []
  if (given !== undefined) {
    try {
      useDirectory(given.path, given)
      const other = herd.add(given.path, 'given')
      if (other === undefined) return { made: [] }
      throw promherdError('ERR_PROMHERD_PRIMARY_EXISTS', given.path, other.heldBy)
    } catch (error) {
      if (isWrongPath(error) || (error as { code?: string }).code === 'ERR_PROMHERD_PRIMARY_EXISTS') throw error
      reasons.push(String((error as Error).message))
    }
  }
  const made = addCreatedDirectory(herd, PLACES, reasons)
  const where = made ?? 'the memory of each process, and are missing from the metrics'
  if (made === undefined) herd.place = 'memory'
  return {
    made: made === undefined ? [] : [made],
    ...(reasons.length > 0 && { error: `${reasons.join('; ')}. The numbers are in ${where}.` }),
  }
}

/** Creates a directory in the first place that has room, and adds it to the herd; undefined if no place has room. */
export function addCreatedDirectory(
  herd: Pick<Herd, 'add'>,
  places: readonly Place[],
  reasons: string[] = [],
): string | undefined {
  for (const place of places) {
    let made: string | undefined
    try {
      made = createDirectoryIn(place)
      herd.add(made, place)
      return made
    } catch (error) {
      reasons.push(String(error))
      if (made !== undefined) removeQuietly(made)
    }
  }
  return undefined
}

/** The places where a herd that is in `place` can have another directory. */
export function otherPlaces(place: StoragePlace | undefined): readonly Place[] {
  return PLACES.filter(each => each !== place)
}

/**
 * Removes a directory that was created for a herd. If it contains files of other programs, they stay, and so does the
 * directory.
 */
export function removeQuietly(directory: string): void {
  try {
    removeCreatedDirectory(directory)
  } catch {
    // The next start removes it.
  }
}
