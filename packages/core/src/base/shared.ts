import { VERSION } from './version.ts'

/**
 * State that all copies of this package share. A process can load several: the ESM and the CommonJS build, a copy in a
 * bundle, the modules that Jest loads again after `resetModules`.
 *
 * The state belongs to `globalThis`, so the test files of Jest, each with a global object of its own, share none. It
 * also belongs to one version: only copies of the same version agree on the shape of what they share. Copies of other
 * versions meet at the default monitor alone (`monitor.ts`).
 */
const STATE = Symbol.for(`promherd.shared.${VERSION}`)

/** Returns the object that the first copy created under this name. */
export function shared<T>(name: string, make: () => T): T {
  const holder = globalThis as { [STATE]?: Map<string, unknown> }
  if (holder[STATE] === undefined) Object.defineProperty(holder, STATE, { value: new Map() })
  const state = holder[STATE] as Map<string, unknown>
  if (!state.has(name)) state.set(name, make())
  return state.get(name) as T
}

/** Returns the one symbol of this name, under which all copies store data on Node's objects. */
export function sharedSymbol(name: string): symbol {
  return shared(name, () => Symbol(`promherd.${name}`))
}
