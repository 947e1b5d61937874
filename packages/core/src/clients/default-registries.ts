import { dirname } from 'node:path'
import { nodeRequire } from '../base/node-require.ts'
import { isRegistry, type PromRegistry } from './registry.ts'

/**
 * All copies of prom-client are CommonJS modules, so all of them are in the one module cache of the process, even if
 * they were imported. They are recognised by their inner file, since the package may be installed under any name, or by
 * their entry file.
 */
const INNER = /[\\/]lib[\\/]registry\.js$/
const ENTRY = /[\\/](?:prom-client|@prometheus-io[\\/]client)[\\/]index\.js$/

/**
 * Finds the default registries of the prom-client copies that this process has loaded, and loads none. Reports once if
 * there is more than one copy.
 */
export class DefaultRegistries {
  readonly #onDuplicate: (message: string) => void
  readonly #cache = nodeRequire().cache
  /** Each registry, and the folder of its package, in the order in which they were loaded. */
  readonly #found = new Map<PromRegistry, string>()
  /** The files with a registry, and their exports: Jest reloads modules without a change in their number. */
  readonly #files = new Map<string, unknown>()
  #modules = 0
  #isReported = false

  constructor(onDuplicate: (message: string) => void) {
    this.#onDuplicate = onDuplicate
  }

  /** The registries found so far. The module cache is searched only if its size or a known module has changed. */
  find(): readonly PromRegistry[] {
    const files = Object.keys(this.#cache)
    if (files.length !== this.#modules || this.#isReloaded()) {
      this.#modules = files.length
      for (const file of files) this.#search(file)
      this.#reportDuplicates()
    }
    return [...this.#found.keys()]
  }

  #isReloaded(): boolean {
    for (const [file, exports] of this.#files) if (this.#cache[file]?.exports !== exports) return true
    return false
  }

  #search(file: string): void {
    const isInner = INNER.test(file)
    if (!isInner && !ENTRY.test(file)) return
    const exports: unknown = this.#cache[file]?.exports
    const registry = property(exports, isInner ? 'globalRegistry' : 'register')
    if (!isRegistry(registry)) return
    this.#files.set(file, exports)
    if (this.#found.has(registry)) return
    this.#found.set(registry, isInner ? dirname(dirname(file)) : dirname(file))
  }

  #reportDuplicates(): void {
    const paths = new Set([...this.#found.values()].map(path => `\`${path}\``))
    if (paths.size <= 1 || this.#isReported) return
    this.#isReported = true
    this.#onDuplicate(
      `Expected one copy of prom-client, but ${[...paths].join(' and ')} are loaded, each with its own default ` +
        'registry. promherd copies all of them; other libraries read only one. Deduplicate the dependency, or alias ' +
        'one package to the other.',
    )
  }
}

function property(holder: unknown, name: string): unknown {
  const isHolder = (typeof holder === 'object' && holder !== null) || typeof holder === 'function'
  return isHolder ? (holder as Record<string, unknown>)[name] : undefined
}
