import type { startMeasuring } from './measuring.ts'
import type { startSharing } from './sharing.ts'

/**
 * Modules that the preload loads only when they are needed, and then synchronously. Each build names the files in its
 * own way, and the one for bundlers contains them.
 */
export interface Parts {
  measuring(): { readonly startMeasuring: typeof startMeasuring }
  sharing(): { readonly startSharing: typeof startSharing }
}
