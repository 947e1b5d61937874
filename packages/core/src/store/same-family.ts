import { promherdError } from '../errors.ts'
import type { Definition } from './catalog.ts'

/** When two definitions are of one family. */

/** Both halves of a summary have its name. */
export function keyOfFamily({ name, type }: Definition): string {
  return type === 'quantiles' ? `${name}{quantile}` : name
}

const PARTS = ['type', 'labels', 'buckets', 'merge'] as const

/** Whether they mean the same; what the help says is free. */
export function isSame(a: Definition, b: Definition): boolean {
  return PARTS.every(part => String(a[part]) === String(b[part]))
}

/** @throws ERR_PROMHERD_FAMILY_CONFLICT where they do not mean the same. */
export function refuseConflict(existing: Definition, given: Definition): void {
  for (const part of PARTS) {
    if (String(existing[part]) !== String(given[part])) {
      throw promherdError('ERR_PROMHERD_FAMILY_CONFLICT', given.name, part, existing[part], given[part])
    }
  }
}
