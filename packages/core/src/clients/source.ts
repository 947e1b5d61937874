import type { Store } from '../store/store.ts'
import { PromCopier } from './copier.ts'
import { RegistryFinder } from './find.ts'
import type { PromClientOption, PromRegistry } from './registry.ts'

/** Copies the configured prom-client registries into `store`. */
export class PromClientSource {
  readonly #copier: PromCopier | undefined

  constructor(store: Store, option: PromClientOption = 'auto') {
    if (option === false) return
    this.#copier = new PromCopier(store, option === 'auto' ? foundRegistries(store) : () => option)
  }

  /** Copies everything, after calling `collect()` of the metrics that have one. Never rejects. */
  async collect(): Promise<void> {
    await this.#copier?.copy()
  }

  /** Copies counts synchronously, without calling user code. Returns whether anything has changed. Never throws. */
  look(): boolean {
    return this.#copier?.look() ?? false
  }

  /**
   * The same at an exit, after calling the `collect()` of metrics whose counts would otherwise be missed. Never throws.
   */
  lookLast(): boolean {
    return this.#copier?.look(true) ?? false
  }

  /** The same, and samples metrics that were never sampled before. */
  lookAndSample(): boolean {
    const hasChanged = this.look()
    if (this.#copier?.hasNew) void this.#copier.copy()
    return hasChanged
  }
}

/** The loaded default registries; reports once if there is more than one. */
function foundRegistries(store: Store): () => readonly PromRegistry[] {
  const finder = new RegistryFinder()
  let told = false
  return () => {
    const found = finder.find()
    const copies = new Set(found.map(({ path }) => `\`${path}\``))
    if (copies.size > 1 && !told) {
      told = true
      const paths = [...copies].join(' and ')
      store.reportError(
        'prom_client',
        `Expected one copy of prom-client, but ${paths} are loaded, each with a default registry of its own. ` +
          'promherd copies all of them; others see one. Deduplicate the dependency, or alias one package to the other.',
      )
    }
    return found.map(({ registry }) => registry)
  }
}
