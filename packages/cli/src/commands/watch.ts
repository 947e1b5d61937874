import { extname, relative, sep } from 'node:path'
import type { Cluster } from '@promherd/core/cluster'
import { log } from '../common/log.ts'

/** Replaces the workers when a file of a program changes. Nothing is awaited: it runs until the process exits. */
export async function reloadOnChange(cluster: Cluster, directory: string): Promise<void> {
  const { watch } = await import('chokidar')
  let timer: NodeJS.Timeout | undefined
  const changed = new Set<string>()
  const reload = (): void => {
    log(`${[...changed].sort().join(', ')} changed: the workers are being replaced.`)
    changed.clear()
    void cluster.reload()
  }
  const watcher = watch(directory, {
    ignored: (path, stats) => isIgnored(directory, path, stats?.isFile()),
    ignoreInitial: true,
  })
  watcher.on('all', (event, path) => {
    if (event === 'addDir' || event === 'unlinkDir') return
    changed.add(relative(directory, path))
    clearTimeout(timer)
    timer = setTimeout(reload, QUIET_MS)
  })
  watcher.on('error', error => log(`a file cannot be watched (${String(error)}). Its changes replace no workers.`))
}

/** Editors and compilers write several files, one after the other: one reload covers all of them. */
const QUIET_MS = 200

const SOURCES: ReadonlySet<string> = new Set([
  '.js',
  '.mjs',
  '.cjs',
  '.ts',
  '.mts',
  '.cts',
  '.jsx',
  '.tsx',
  '.json',
  '.yaml',
  '.yml',
])

function isIgnored(directory: string, path: string, isFile: boolean | undefined): boolean {
  const parts = relative(directory, path).split(sep)
  if (parts.some(part => part === 'node_modules' || (part.startsWith('.') && part.length > 1))) return true
  return isFile === true && !SOURCES.has(extname(path))
}
