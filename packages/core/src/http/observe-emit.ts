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
 * Its `emit` becomes an accessor, which no list of its keys shows. For an event that was seen already it returns the
 * `emit` that was there before, so nothing of promherd's stands between Node and the listener of a request, and none of
 * its lines in the stack of what that throws. What is assigned to `emit` is what it is from then on.
 */
export function observeEmit(server: EventEmitter, observer: EmitObserver): () => void {
  const own = Object.getOwnPropertyDescriptor(server, 'emit')
  // Looked up anew with each event: the class may be changed by other packages.
  const below = (): Emit => {
    if (own === undefined) return (Object.getPrototypeOf(server) as EventEmitter).emit
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
  const set = (value: unknown): void => {
    Object.defineProperty(server, 'emit', { value, writable: true, enumerable: true, configurable: true })
  }
  Object.defineProperty(server, 'emit', { get, set, enumerable: own?.enumerable ?? false, configurable: true })
  return () => {
    // What has been assigned since still calls ours, which then has nothing to observe for.
    if (Object.getOwnPropertyDescriptor(server, 'emit')?.get !== get) return
    if (own === undefined) Reflect.deleteProperty(server, 'emit')
    else Object.defineProperty(server, 'emit', own)
  }
}
