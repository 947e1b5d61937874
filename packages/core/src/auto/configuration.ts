import { findConfigFile } from '../config/find-file.ts'
import type { ProcessConfig } from '../config/process-config.ts'

/**
 * Reads the configuration file, where there is one. What the environment says is read by those whom it concerns, so a
 * process without a file loads nothing for this. False, after a line on stderr, where the file is not right.
 */
export async function configure(): Promise<boolean> {
  try {
    if (findConfigFile() === undefined) return true
    const { loadProcessConfig } = await import('../config/process-config.ts')
    config = await loadProcessConfig()
    return true
  } catch (error) {
    process.stderr.write(`promherd: nothing is measured: ${error instanceof Error ? error.message : String(error)}\n`)
    return false
  }
}

/** What the file says, and the environment with it; undefined where there is no file. */
export function configuration(): ProcessConfig | undefined {
  return config
}

let config: ProcessConfig | undefined
