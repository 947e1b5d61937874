import type { ProcessConfig } from '../config/process-config.ts'

/** What the configuration file says, and the environment with it; undefined where there is no file. */
export function configuration(): ProcessConfig | undefined {
  return config
}

export function setConfiguration(read: ProcessConfig | undefined): void {
  config = read
}

let config: ProcessConfig | undefined
