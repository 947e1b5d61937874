import { accessSync, constants, lstatSync, mkdtempSync, rmdirSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { bad, type Finding, good, note } from './finding.ts'

/** Checks whether the machine has what promherd needs. The checks leave nothing behind. */

export function nodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return good('Node', version)
  return bad('Node', `Expected Node 20.19 or newer, but this is ${version}. Install a newer one.`)
}

/** Whether the metrics port is free. */
export function metricsPort(port: number, host: string): Promise<Finding> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(bad('metrics port', whyNoPort(error, port, host))))
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() =>
        resolve(good('metrics port', port === 0 ? `any free port on ${host}` : `${port} on ${host} is free`)),
      )
    })
  })
}

function whyNoPort(error: NodeJS.ErrnoException, port: number, host: string): string {
  const where = `port ${port} on ${host}`
  if (error.code === 'EADDRINUSE') {
    return `Expected ${where} to be free, but another process uses it. Stop that process, or choose another port with --port.`
  }
  if (error.code === 'EACCES')
    return `Expected to be allowed to serve on ${where}, but this user is not. Choose a port from 1024 on.`
  if (error.code === 'EADDRNOTAVAIL')
    return `Expected ${host} to be an address of this host, but it is not. Correct --bind.`
  return `Expected to serve on ${where}, but that failed (${error.message}).`
}

/** Whether the directory of the herd can be created and written, and is in memory. */
export function herdDirectory(directory: string | undefined): Finding {
  if (directory === undefined) return newDirectory()
  const path = resolve(directory)
  const doesExist = exists(path)
  const existing = doesExist ? path : nearest(path)
  if (statSync(existing, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const cause = doesExist ? 'it is not' : `${existing} is not a directory`
    return bad('directory', `Expected ${directory} to be a directory, but ${cause}. Choose another one.`)
  }
  const problem = whyNotWritable(existing)
  if (problem !== undefined) return bad('directory', problem)
  const text = doesExist ? `${directory} can be written` : `${directory} will be created`
  if (isInMemory(existing)) return good('directory', `${text}, and is in memory`)
  return note('directory', `${text}, but is on a disk. Workers are faster with a directory in /dev/shm.`)
}

/** Whether a file exists, including a link to a missing file; also false if this user may not check. */
function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}

/** The nearest parent of `path` that exists. */
function nearest(path: string): string {
  const above = dirname(path)
  return exists(above) || above === path ? above : nearest(above)
}

/**
 * Why nothing can be created in a directory. This is tried, since permissions do not show that a file system refuses
 * everything, as /proc does.
 */
function whyNotWritable(directory: string): string | undefined {
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch {
    return `Expected to be allowed to write ${directory}, but this user is not. Change its owner, or choose another one.`
  }
  try {
    rmdirSync(mkdtempSync(join(directory, 'promherd-check-')))
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return `Expected to create a directory in ${directory}, but its file system does not allow that (${code}). Choose another one.`
  }
}

function newDirectory(): Finding {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return good('directory', 'a new one in /dev/shm, in memory, removed at the end')
  } catch {
    return good('directory', 'a new temporary one, removed at the end')
  }
}

/** The type numbers of tmpfs and ramfs on Linux; no file system has them elsewhere. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6])

function isInMemory(directory: string): boolean {
  return IN_MEMORY.has(statfsSync(directory).type)
}

export function stores(canMap: boolean, storage: unknown): Finding {
  if (storage === 'mmap' && !canMap) {
    return bad(
      'stores',
      'Expected koffi and mmap for storage `mmap`, but they are missing. Install koffi, or leave `storage` out.',
    )
  }
  if (storage === 'file' || storage === 'memory') return note('stores', `${storage}, as set in the configuration`)
  if (canMap) return good('stores', 'mmap, through koffi: a killed worker loses only its requests in flight')
  return note('stores', 'file, because koffi is not installed: a killed worker loses the counts of up to 100 ms')
}
