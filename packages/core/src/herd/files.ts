import { constants, openSync } from 'node:fs'

/** Never waits: a pipe in the place of a file would not open before somebody writes to it. Throws what `open` throws. */
export function openToRead(path: string): number {
  return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
}
