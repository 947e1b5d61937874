import { findConfigFile } from '../config/find-file.ts'
import { loadProcessConfigSync } from '../config/process-config.ts'
import { begin, isFirst, reportFailure } from './begin.ts'
import { startMeasuring } from './measuring.js'
import { startSharing } from './sharing.js'

/**
 * `import '@promherd/core/auto'` in an application that is bundled: the same as `auto.ts` in one piece, since a bundle
 * has no file that could be loaded later, and without `await`, which CommonJS output does not support at the top level.
 * The two parts are bundles themselves, and named accordingly.
 */
if (isFirst()) {
  try {
    const config = findConfigFile() === undefined ? undefined : loadProcessConfigSync()
    begin({ measuring: () => ({ startMeasuring }), sharing: () => ({ startSharing }) }, config)
  } catch (error) {
    reportFailure(error)
  }
}
