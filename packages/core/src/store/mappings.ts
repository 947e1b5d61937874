import { readFileSync } from 'node:fs'
import { unmap } from './slab.ts'

/**
 * Takes the mappings of a file out of this process. A thread that ends leaves its mappings behind, and with them the
 * memory of a file that may have no name any more. Only for a file that nobody maps but a thread that is gone. Where
 * the platform does not tell of mappings they stay until the process ends.
 */
export function unmapFile(path: string): void {
  try {
    for (const [address, bytes] of mappingsOf(path)) unmap(address, bytes)
  } catch {
    // Nothing is wrong but that some memory stays taken.
  }
}

/** Where a file is mapped, as proc_pid_maps(5) tells it. */
function mappingsOf(path: string): [address: bigint, bytes: number][] {
  const ends = [` ${path}`, ` ${path} (deleted)`]
  return readFileSync('/proc/self/maps', 'latin1')
    .split('\n')
    .filter(line => ends.some(end => line.endsWith(end)))
    .map(line => {
      const [from = 0n, to = 0n] = line
        .slice(0, line.indexOf(' '))
        .split('-')
        .map(hex => BigInt(`0x${hex}`))
      return [from, Number(to - from)]
    })
}
