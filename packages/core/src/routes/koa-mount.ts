import { shared } from '../base/shared.ts'
import { mountText } from './template.ts'

/**
 * Observes koa-mount. It removes its prefix from the path while the mounted middleware runs, and stores only the
 * innermost prefix on the context. So it must be observed at once: the first time that a prefix is set on a context,
 * changes of its path are tracked from then on. A request that passes through no mount pays nothing.
 */

/** The part of a Koa context that is used here. */
export interface MountedContext {
  readonly mountPath?: unknown
}

interface Context extends MountedContext {
  path: string
}

/** Observes the mounts of all requests of this application from now on. */
export function observeMounts(prototype: object | undefined): void {
  if (prototype === undefined || 'mountPath' in prototype || !Object.isExtensible(prototype)) return
  Object.defineProperty(prototype, 'mountPath', {
    configurable: true,
    get: () => undefined,
    set(this: Context, prefix: unknown) {
      const mounts = new Mounts(this)
      MOUNTS.set(this, mounts)
      mounts.enter(prefix)
    },
  })
}

/** The koa-mount prefix of the router that was called last; undefined if the request passed through no mount. */
export function mountPrefixOf(context: MountedContext): string | undefined {
  return context.mountPath === undefined ? undefined : MOUNTS.get(context)?.routed
}

/** The mount whose middleware answered; undefined if each has passed the request on. */
export function mountTemplateOf(context: MountedContext): string | undefined {
  return context.mountPath === undefined ? undefined : MOUNTS.get(context)?.respondingMount
}

// If one copy of this package observes a context, the others need not.
const MOUNTS = shared('mounts of Koa', () => new WeakMap<object, Pick<Mounts, 'routed' | 'respondingMount'>>())

interface Mount {
  readonly template: string
  readonly prefix: string
  /** The path before the prefix was removed, and after that. */
  readonly outside: string
  inside: string | undefined
  isOpen: boolean
  /** How often the path was restored: once to leave, and once before that if the request was passed on. */
  closings: number
}

class Mounts {
  readonly #context: Context
  readonly #mounts: Mount[] = []
  /** The prefix of the router that was called last. */
  routed: string | undefined
  #prefix: unknown
  #routerPath: unknown

  constructor(context: Context) {
    this.#context = context
    const { set, get } = Object.getOwnPropertyDescriptor(context, 'path') ?? descriptorOf(context, 'path')
    Object.defineProperties(context, {
      mountPath: {
        configurable: true,
        enumerable: true,
        get: () => this.#prefix,
        set: prefix => this.enter(prefix),
      },
      path: {
        configurable: true,
        get: () => get?.call(context) as unknown,
        set: path => {
          set?.call(context, path)
          this.#moved(path)
        },
      },
      routerPath: {
        configurable: true,
        enumerable: true,
        get: () => this.#routerPath,
        set: path => {
          this.#routerPath = path
          this.routed = this.#open()
        },
      },
    })
  }

  get respondingMount(): string | undefined {
    return this.#mounts.findLast(({ closings }) => closings < 2)?.template
  }

  enter(prefix: unknown): void {
    this.#prefix = prefix
    if (typeof prefix !== 'string') return
    const mount = { prefix: mountText(prefix), inside: undefined, isOpen: false, closings: 0 }
    this.#mounts.push({ ...mount, template: this.#open() + mount.prefix, outside: this.#context.path })
  }

  #open(): string {
    let open = ''
    for (const { isOpen, prefix } of this.#mounts) if (isOpen) open += prefix
    return open
  }

  #moved(path: unknown): void {
    const entered = this.#mounts.at(-1)
    if (entered?.inside === undefined && entered !== undefined) {
      entered.inside = String(path)
      entered.isOpen = true
      return
    }
    for (const mount of this.#mounts.toReversed()) {
      if (path === mount.outside) {
        mount.isOpen = false
        mount.closings++
        return
      }
      if (path === mount.inside) {
        mount.isOpen = true
        return
      }
    }
  }
}

/** The accessors of a property that an object inherits. */
function descriptorOf(object: object, name: string): PropertyDescriptor {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = Object.getOwnPropertyDescriptor(at, name)
    if (found !== undefined) return found
  }
  return {}
}
