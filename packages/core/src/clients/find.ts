import { dirname } from 'node:path'
import { nodeRequire } from '../base/node-require.ts'
import { isRegistry, type PromRegistry } from './registry.ts'

/**
 * Finds the default registries of the prom-client copies that this process has loaded, and loads none.
 *
 * All copies are CommonJS modules, so all of them are in the one module cache of the process, even if they were
 * imported. They are recognised by their inner file, since the package may be installed under any name, or by their
 * entry file.
 */
const INNER = /[\\/]lib[\\/]registry\.js$/
const ENTRY = /[\\/](?:prom-client|@prometheus-io[\\/]client)[\\/]index\.js$/

/** A default registry, and the folder of its package. */
export interface FoundRegistry {
  readonly registry: PromRegistry
  readonly path: string
}

/** The modules that a process has loaded, by file name. */
export type ModuleCache = Readonly<Record<string, { readonly exports?: unknown } | undefined>>

/** Searches the module cache, and again only when its size has changed or a known module was reloaded. */
export class RegistryFinder {
  readonly #cache: ModuleCache
  readonly #found = new Map<PromRegistry, FoundRegistry>()
  /** The files with a registry, and their exports: Jest reloads modules without a change in their number. */
  readonly #files = new Map<string, unknown>()
  #modules = 0

  constructor(cache: ModuleCache = nodeRequire().cache) {
    this.#cache = cache
  }

  /** The registries found so far, in the order in which they were loaded. */
  find(): readonly FoundRegistry[] {
    const files = Object.keys(this.#cache)
    if (files.length !== this.#modules || this.#isReloaded()) {
      this.#modules = files.length
      for (const file of files) this.#look(file)
    }
    return [...this.#found.values()]
  }

  #isReloaded(): boolean {
    for (const [file, exports] of this.#files) if (this.#cache[file]?.exports !== exports) return true
    return false
  }

  #look(file: string): void {
    const inner = INNER.test(file)
    if (!inner && !ENTRY.test(file)) return
    const exports = this.#cache[file]?.exports
    const registry = property(exports, inner ? 'globalRegistry' : 'register')
    if (!isRegistry(registry)) return
    this.#files.set(file, exports)
    if (this.#found.has(registry)) return
    this.#found.set(registry, { registry, path: inner ? dirname(dirname(file)) : dirname(file) })
  }
}

function property(holder: unknown, name: string): unknown {
  const isHolder = (typeof holder === 'object' && holder !== null) || typeof holder === 'function'
  return isHolder ? (holder as Record<string, unknown>)[name] : undefined
}
