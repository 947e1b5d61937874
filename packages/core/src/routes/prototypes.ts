import { isProxy } from 'node:util/types'

/**
 * The prototypes of classes among the exports of a module, or the variables of a scope: of the exports as a whole, of
 * each class, and of the class of each object.
 */
export function prototypesIn(exports: unknown): object[] {
  const values = [exports, ...(isObject(exports) ? Object.values(exports) : [])]
  return [...new Set(values.flatMap(prototypeOf))]
}

/** The first prototype that has all of these as own properties. */
export function prototypeWith<T extends object>(exports: unknown, ...names: readonly string[]): T | undefined {
  return prototypesIn(exports).find(prototype => names.every(name => Object.hasOwn(prototype, name))) as T | undefined
}

/** True once for each prototype: a class may be found in several places. */
export function isFirstFound(prototype: object): boolean {
  if (FOUND.has(prototype)) return false
  FOUND.add(prototype)
  return true
}

const FOUND = new WeakSet<object>()

function prototypeOf(value: unknown): object[] {
  if (!isObject(value) || isProxy(value)) return []
  const of =
    typeof value === 'function'
      ? (Object.getOwnPropertyDescriptor(value, 'prototype')?.value as unknown)
      : Object.getPrototypeOf(value)
  return isObject(of) ? [of] : []
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' || typeof value === 'function') && value !== null
}
