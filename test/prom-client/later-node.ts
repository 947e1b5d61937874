import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A Node that `@prometheus-io/client` supports: this one, or the one that is installed for the tests. */
export function laterNode(): string {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath
  const manifest = `node-${process.platform}-${process.arch}/package.json`
  return join(dirname(createRequire(import.meta.url).resolve(manifest)), 'bin', 'node')
}
