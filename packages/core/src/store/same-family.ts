import { promherdError } from '../errors.ts'
import type { Definition } from './catalog.ts'

/** Decides whether two definitions describe the same family. */

/** The key of a family. Both halves of a summary have its name, so the quantiles get a key of their own. */
export function keyOfFamily({ name, type }: Definition): string {
  return type === 'quantiles' ? `${name}{quantile}` : name
}

const PARTS = ['type', 'labels', 'buckets', 'merge'] as const

/** True if both definitions describe the same family; the help may differ. */
export function isSame(a: Definition, b: Definition): boolean {
  return PARTS.every(part => String(a[part]) === String(b[part]))
}

/** @throws ERR_PROMHERD_FAMILY_CONFLICT if the definitions do not describe the same family. */
export function refuseConflict(existing: Definition, given: Definition): void {
  for (const part of PARTS) {
    if (String(existing[part]) !== String(given[part])) {
      throw promherdError('ERR_PROMHERD_FAMILY_CONFLICT', given.name, part, existing[part], given[part])
    }
  }
}
