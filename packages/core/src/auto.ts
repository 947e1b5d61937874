import { createRequire } from 'node:module'
import { begin, isFirst, reportFailure } from './auto/begin.ts'
import type { Parts } from './auto/parts.ts'
import { findConfigFile } from './config/find-file.ts'
import type { ProcessConfig } from './config/process-config.ts'

/**
 * `node --import @promherd/core/auto app.js`: measures the HTTP servers of a process whose code does not use promherd.
 * Environment variables are read by the parts that use them, so a process without a configuration file loads nothing
 * for this.
 */
if (isFirst()) {
  try {
    begin(parts(), await configuration())
  } catch (error) {
    reportFailure(error)
  }
}

function parts(): Parts {
  const require = createRequire(import.meta.url)
  return { measuring: () => require('./measuring.js'), sharing: () => require('./sharing.js') }
}

async function configuration(): Promise<ProcessConfig | undefined> {
  if (findConfigFile() === undefined) return undefined
  const { loadProcessConfig } = await import('./config/process-config.ts')
  return loadProcessConfig()
}
