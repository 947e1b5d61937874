/**
 * What stands in the place of a function of the program is to look like it: `name`, `length` and every other key. What
 * cannot be hidden is its text, that it is another function, and its line in a stack; `docs/laws.md` names where.
 */

// biome-ignore lint/suspicious/noExplicitAny: a function of the program, with parameters of any type
type AnyFunction = (this: any, ...parts: any[]) => any

/** Gives `copy` the keys of `original`, in their order. It has to be a method or an arrow: others keep a `prototype`. */
export function alike<T extends object>(copy: T, original: object): T {
  const keys = Reflect.ownKeys(original)
  // Only where they come in another order: V8 keeps an object from which something was deleted in a slower form.
  if (Reflect.ownKeys(copy).some((key, i) => keys[i] !== key)) {
    for (const key of Reflect.ownKeys(copy)) Reflect.deleteProperty(copy, key)
  }
  return Object.defineProperties(copy, Object.getOwnPropertyDescriptors(original))
}

/**
 * Puts what `observing` makes of a method in its place: the same kind of property, and a function that looks the same.
 * Does nothing where `holder` has no such method of its own.
 */
export function replaceMethod<Name extends PropertyKey, Method extends AnyFunction>(
  holder: { readonly [name in Name]?: Method } | undefined,
  name: Name,
  observing: (method: Method) => Method,
): void {
  const own = holder && Object.getOwnPropertyDescriptor(holder, name)
  if (typeof own?.value !== 'function') return
  const value = alike(observing(own.value as Method), own.value as Method)
  Object.defineProperty(holder, name, { ...own, value })
}

/**
 * The same for some of the objects that inherit a method; all others, and `holder` itself, have the method as it is. For
 * that it becomes an accessor, which takes what is assigned to it.
 */
export function replaceMethodOf<Name extends PropertyKey, Method extends AnyFunction>(
  holder: { readonly [name in Name]?: Method } | undefined,
  name: Name,
  isObserved: (object: object) => boolean,
  observing: (method: Method) => Method,
): void {
  const own = holder && Object.getOwnPropertyDescriptor(holder, name)
  if (typeof own?.value !== 'function') return
  let method = own.value as Method
  let observed = alike(observing(method), method)
  Object.defineProperty(holder, name, {
    configurable: true,
    enumerable: own.enumerable === true,
    get(this: object) {
      return isObserved(this) ? observed : method
    },
    set(this: object, value: Method) {
      if (this !== holder) {
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true })
      } else {
        method = value
        observed = typeof value === 'function' ? alike(observing(value), value) : value
      }
    },
  })
}
