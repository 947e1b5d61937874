import type { Store } from '../store/store.ts'
import { PromCopier } from './copier.ts'
import { RegistryFinder } from './find.ts'
import type { PromClientOption, PromRegistry } from './registry.ts'

/** Brings the wanted prom-client registries into `store`. */
export class PromClientSource {
  readonly #copier: PromCopier | undefined

  constructor(store: Store, option: PromClientOption = 'auto') {
    if (option === false) return
    this.#copier = new PromCopier(store, option === 'auto' ? foundRegistries(store) : () => option)
  }

  /** Copies everything, after `collect()` of those metrics that have one. Never rejects. */
  async collect(): Promise<void> {
    await this.#copier?.copy()
  }

  /**
   * Copies what was counted, synchronously and without a call into user code. Returns whether anything has changed.
   * Never throws.
   */
  look(): boolean {
    return this.#copier?.look() ?? false
  }

  /** The same at an exit, after the `collect()` of those metrics whose counts it could miss. Never throws. */
  lookLast(): boolean {
    return this.#copier?.look(true) ?? false
  }

  /** The same, and has metrics sampled that were never sampled before. */
  lookAndSample(): boolean {
    const hasChanged = this.look()
    if (this.#copier?.hasNew) void this.#copier.copy()
    return hasChanged
  }
}

/** The default registries that are loaded; reports once where they are more than one. */
function foundRegistries(store: Store): () => readonly PromRegistry[] {
  const finder = new RegistryFinder()
  let told = false
  return () => {
    const found = finder.find()
    const copies = new Set(found.map(({ path }) => `\`${path}\``))
    if (copies.size > 1 && !told) {
      told = true
      const paths = [...copies].join(' and ')
      store.trouble(
        'prom_client',
        `Expected one copy of prom-client, but ${paths} are loaded, each with a default registry of its own. ` +
          'promherd copies all of them; others see one. Deduplicate the dependency, or alias one package to the other.',
      )
    }
    return found.map(({ registry }) => registry)
  }
}
