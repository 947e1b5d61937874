import { requireInstalled } from '../../base/node-require.ts'

/**
 * Whether, and how, the threads of a process share a port: by duplicates of one socket, if koffi is installed and the
 * platform has `dup`; else by one socket for each, if Node and the kernel support `reusePort`; else not at all.
 */
export type PortSharing = 'duplicates' | 'reuse_port' | 'none'

export function portSharing(): PortSharing {
  try {
    if (duplicator() !== undefined) return 'duplicates'
  } catch {
    // koffi is not installed.
  }
  return canReuse() ? 'reuse_port' : 'none'
}

/** Another descriptor for the same file; -1 if none is free. */
export function dup(fd: number): number {
  return duplicator()?.(fd) ?? -1
}

type Duplicate = (fd: number) => number
let duplicate: Duplicate | undefined

/** `dup` of the C library, loaded once. */
function duplicator(): Duplicate | undefined {
  if (duplicate !== undefined || process.platform === 'win32') return duplicate
  const koffi = requireInstalled<typeof import('koffi')>('koffi')
  duplicate = koffi.load(null).func('int dup(int)') as Duplicate
  return duplicate
}

/**
 * `listen({ reusePort })` is available since Node 22.12 and 23.1; on systems other than Linux it does not distribute
 * connections evenly.
 */
function canReuse(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return process.platform === 'linux' && (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12))
}
