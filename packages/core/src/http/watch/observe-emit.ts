import type { EventEmitter } from 'node:events'

/** The name of an event, with the arguments that it is emitted with. */
export type Event = readonly [name: string | symbol, ...unknown[]]

/** Called before the listeners of a server. Must not throw. */
export interface EmitObserver {
  emitted(event: Event): void
  /** True if the next event needs no call of `emitted`. Called as often as `emit` is read. */
  isSeen(): boolean
}

type Emit = (this: EventEmitter, ...event: Event) => boolean

/**
 * Observes the events of `server`. Returns a function that stops it.
 *
 * Its `emit` becomes an accessor on an additional prototype, so the server has no new key, and `for in` lists the same
 * names. For an event that was seen already the accessor returns the original `emit`: no code of promherd runs between
 * Node and the listener of a request, and no frame of promherd is in the stack of an error that it throws. A value that
 * is assigned to `emit` replaces it.
 */
export function observeEmit(server: EventEmitter, observer: EmitObserver): () => void {
  const own = Object.getOwnPropertyDescriptor(server, 'emit')
  const holder = own === undefined ? (Object.create(Object.getPrototypeOf(server)) as EventEmitter) : server
  // Looked up again with each event: other packages may change the class.
  const below = (): Emit => {
    if (own === undefined) return (Object.getPrototypeOf(holder) as EventEmitter).emit
    return own.get === undefined ? own.value : own.get.call(server)
  }
  const { emit } = {
    emit(this: EventEmitter, ...event: Event): boolean {
      observer.emitted(event)
      // Written out because it runs with each HTTP/2 request: applying an array took twice as long.
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
      // A value that was assigned since may still call our function, which then has no watchers to call.
    } else if (Object.getOwnPropertyDescriptor(server, 'emit')?.get === get) Object.defineProperty(server, 'emit', own)
  }
}
