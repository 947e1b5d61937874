import type { startMeasuring } from './measuring.ts'
import type { startSharing } from './sharing.ts'

/**
 * What the preload loads only when it is needed, and then at once: each build names the files in its own way, and the
 * one for bundlers has them in it.
 */
export interface Parts {
  measuring(): { readonly startMeasuring: typeof startMeasuring }
  sharing(): { readonly startSharing: typeof startSharing }
}
