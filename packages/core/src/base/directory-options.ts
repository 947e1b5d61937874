import { isBoolean, isString, type Shape } from './check-options.ts'
import { readVariable } from './environment.ts'

/** The directory of a herd, as options of monitors, metrics ports and clusters name it. */
interface DirectoryOptions {
  readonly directory?: string | undefined
  readonly sharedDirectory?: boolean | undefined
}

/** The check of each option. */
export const DIRECTORY_SHAPE: Shape<DirectoryOptions> = {
  directory: isString('Give the path of a directory that the workers share.'),
  sharedDirectory: isBoolean('Leave it out where one user runs all processes.'),
}

export function directoryFromEnvironment(): string | undefined {
  return readVariable('PROMETHEUS_MULTIPROC_DIR')
}

/**
 * Whether the directory may belong to another user, according to the environment.
 * @throws ERR_PROMHERD_BAD_OPTION
 */
export function sharedFromEnvironment(): boolean | undefined {
  return readVariable('PROMHERD_SHARED_DIRECTORY', DIRECTORY_SHAPE.sharedDirectory)
}
