import type { Store } from '../store/store.ts'
import { PromCopier } from './copier.ts'
import { RegistryFinder } from './find.ts'
import type { PromClientOption, PromRegistry } from './registry.ts'

/** What brings the wanted prom-client registries into `store` each time it is called. Never rejects. */
export function promClientCollector(store: Store, option: PromClientOption = 'auto'): () => Promise<void> {
  if (option === false) return () => Promise.resolve()
  const registries = option === 'auto' ? foundRegistries(store, new RegistryFinder()) : () => option
  const copier = new PromCopier(store, registries)
  return () => copier.copy()
}

/** The default registries that are loaded; says once where they are more than one. */
function foundRegistries(store: Store, finder: RegistryFinder): () => readonly PromRegistry[] {
  let told = false
  return () => {
    const found = finder.find()
    if (found.length > 1 && !told) {
      told = true
      const paths = found.map(({ path }) => `\`${path}\``).join(' and ')
      store.trouble(
        'prom_client',
        `Expected one copy of prom-client, but ${paths} are loaded, each with a default registry of its own. ` +
          'promherd copies all of them; others see one. Deduplicate the dependency, or alias one package to the other.',
      )
    }
    return found.map(({ registry }) => registry)
  }
}
