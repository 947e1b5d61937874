import type { RequestServer } from '../../http/watch/watch-server.ts'
import { type Scope, scopesOf } from './function-scopes.ts'

/**
 * Finds objects of frameworks in the closures of their listeners: a router that no other object refers to, or classes in
 * a bundle, which has no modules. The scopes of a listener are read only if its source matches
 * that of a framework, since reading them costs some 20 ms. A bundler may rename variables, but not properties.
 */

/** The scopes of the listeners of `server` whose source matches `text`. */
export function scopesOfListeners(server: RequestServer, text: RegExp): readonly Scope[] {
  return server.listeners('request').flatMap(listener => scopesOfListener(listener, text, MAX_WRAPPERS))
}

/** The values in scopes for which `is` returns true. */
export function valuesIn<T>(scopes: readonly Scope[], is: (value: unknown) => value is T): T[] {
  return scopes.flatMap(scope => Object.values(scope).filter(is))
}

function scopesOfListener(listener: object, text: RegExp, wrappers: number): readonly Scope[] {
  const source = sourceOf(listener)
  if (text.test(source)) return withBoundThis(cachedScopesOf(listener))
  const inner = wrappers > 0 ? WRAPPER.exec(source)?.[3] : undefined
  if (inner === undefined) return []
  const found = cachedScopesOf(listener).find(scope => Object.hasOwn(scope, inner))?.[inner]
  return typeof found === 'function' ? scopesOfListener(found, text, wrappers - 1) : []
}

/** Adds the bound `this` of functions in the innermost scope: the listener may call a bound method of an application. */
function withBoundThis(scopes: readonly Scope[]): readonly Scope[] {
  const bound = Object.values(scopes[0] ?? {})
    .filter(isBound)
    .slice(0, MAX_BOUND)
  return [...scopes, ...bound.flatMap(cachedScopesOf)]
}

function isBound(value: unknown): value is object {
  return typeof value === 'function' && value.name.startsWith('bound ')
}

function sourceOf(listener: object): string {
  return typeof listener === 'function' ? Function.prototype.toString.call(listener) : ''
}

function cachedScopesOf(listener: object): readonly Scope[] {
  let scopes = SCOPES.get(listener)
  if (scopes === undefined) {
    scopes = scopesOf(listener)
    SCOPES.set(listener, scopes)
  }
  return scopes
}

const SCOPES = new WeakMap<object, readonly Scope[]>()

/** A listener that only calls another one with its arguments: `(req, res) => handler(req, res)`. */
const WRAPPER =
  /^(?:async\s*)?(?:function\s*[\w$]*\s*)?\(?\s*([\w$]+),\s*([\w$]+)\s*\)?\s*(?:=>)?\s*\{?\s*(?:return |void |await )*([\w$]+)\(\1,\s*\2\);?\s*\}?$/

const MAX_WRAPPERS = 3
const MAX_BOUND = 4
