import { readFileSync } from 'node:fs'
import { unmap } from './storage.ts'

/**
 * Unmaps a file from this process. A thread that ends leaves its mappings behind, and with them the memory of a file
 * that may already be deleted. Use it only for a file that no running thread maps. If the platform does not list
 * mappings, they stay until the process exits.
 */
export function unmapFile(path: string): void {
  try {
    for (const [address, bytes] of mappingsOf(path)) unmap(address, bytes)
  } catch {
    // The only consequence is that some memory stays in use.
  }
}

/** The addresses where a file is mapped, see proc_pid_maps(5). */
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
