import type { EventEmitter } from 'node:events'

/** The name of an event with what is emitted with it. */
export type Event = readonly [name: string | symbol, ...unknown[]]

/** Is called before the listeners of a server are. Must not throw. */
export interface EmitObserver {
  emitted(event: Event): void
  /** True where the event that is emitted next needs no call. Called as often as `emit` is read. */
  isSeen(): boolean
}

type Emit = (this: EventEmitter, ...event: Event) => boolean

/**
 * Observes what `server` emits. Returns how to stop.
 *
 * Its `emit` becomes an accessor, on a prototype of its own: the server has no key that it had not, and `for in` lists
 * what it did. For an event that was seen already the accessor returns the `emit` that is there without it, so nothing of
 * promherd's stands between Node and the listener of a request, and none of its lines in the stack of what that throws.
 * What is assigned to `emit` is what it is from then on.
 */
export function observeEmit(server: EventEmitter, observer: EmitObserver): () => void {
  const own = Object.getOwnPropertyDescriptor(server, 'emit')
  const holder = own === undefined ? (Object.create(Object.getPrototypeOf(server)) as EventEmitter) : server
  // Looked up anew with each event: the class may be changed by other packages.
  const below = (): Emit => {
    if (own === undefined) return (Object.getPrototypeOf(holder) as EventEmitter).emit
    return own.get === undefined ? own.value : own.get.call(server)
  }
  const { emit } = {
    emit(this: EventEmitter, ...event: Event): boolean {
      observer.emitted(event)
      // Written out, since it comes with each request of HTTP/2: to apply an array took twice as long.
      if (event.length === 3) return below().call(this, event[0], event[1], event[2])
      return Reflect.apply(below(), this, event)
    },
  }
  Object.defineProperty(emit, 'length', { value: below().length, configurable: true })
  const get = (): Emit => (observer.isSeen() ? below() : emit)
  const set = function (this: object, value: unknown): void {
    Object.defineProperty(this, 'emit', { value, writable: true, enumerable: true, configurable: true })
  }
  Object.defineProperty(holder, 'emit', { get, set, enumerable: own?.enumerable ?? true, configurable: true })
  if (holder !== server) Object.setPrototypeOf(server, holder)
  return () => {
    if (own === undefined) {
      if (Object.getPrototypeOf(server) === holder) Object.setPrototypeOf(server, Object.getPrototypeOf(holder))
      // What was assigned since still calls ours, which then has nothing to observe for.
    } else if (Object.getOwnPropertyDescriptor(server, 'emit')?.get === get) Object.defineProperty(server, 'emit', own)
  }
}
