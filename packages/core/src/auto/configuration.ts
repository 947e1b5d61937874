import type { ProcessConfig } from '../config/process-config.ts'

/** The settings of the configuration file, combined with the environment; undefined if there is no file. */
export function configuration(): ProcessConfig | undefined {
  return config
}

export function setConfiguration(read: ProcessConfig | undefined): void {
  config = read
}

let config: ProcessConfig | undefined
