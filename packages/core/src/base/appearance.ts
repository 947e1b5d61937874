/**
 * A function that replaces a function of the program must look like it: `name`, `length` and every other key. Three
 * things cannot be hidden: its source text, that it is a different function, and its line in stack traces;
 * `docs/laws.md` lists where.
 */

// biome-ignore lint/suspicious/noExplicitAny: a function of the program, with parameters of any type
type AnyFunction = (this: any, ...parts: any[]) => any

/**
 * Gives `copy` the keys of `original`, in their order. `copy` must be a method or an arrow function: others keep a
 * `prototype`.
 */
export function keepAppearance<T extends object>(copy: T, original: object): T {
  const keys = Reflect.ownKeys(original)
  // Only if the order differs: V8 keeps objects with deleted properties in a slower form.
  if (Reflect.ownKeys(copy).some((key, i) => keys[i] !== key)) {
    for (const key of Reflect.ownKeys(copy)) Reflect.deleteProperty(copy, key)
  }
  return Object.defineProperties(copy, Object.getOwnPropertyDescriptors(original))
}

/**
 * Replaces a method with the result of `observing`: the same kind of property, and a function that looks the same. Does
 * nothing if `holder` has no such own method.
 */
export function replaceMethod<Name extends PropertyKey, Method extends AnyFunction>(
  holder: { readonly [name in Name]?: Method } | undefined,
  name: Name,
  observing: (method: Method) => Method,
): void {
  const own = holder && Object.getOwnPropertyDescriptor(holder, name)
  if (typeof own?.value !== 'function') return
  const value = keepAppearance(observing(own.value as Method), own.value as Method)
  Object.defineProperty(holder, name, { ...own, value })
}

/**
 * Replaces an inherited method for some objects; all others, and `holder` itself, keep the original method. For that it
 * becomes an accessor property, which accepts assignments.
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
  let observed = keepAppearance(observing(method), method)
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
        observed = typeof value === 'function' ? keepAppearance(observing(value), value) : value
      }
    },
  })
}
