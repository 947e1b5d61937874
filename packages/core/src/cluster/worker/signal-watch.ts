import type { EventEmitter } from 'node:events'

/**
 * Keeps the default action of signals from ending a worker process without a listener that the program could see. A
 * terminal sends SIGINT to the whole process group, a supervisor SIGTERM to the whole control group; the primary
 * decides how to handle them.
 *
 * Node opens a watcher of the operating system's signal when a listener is added, and closes it with the last one. The
 * watcher calls the `emit` that the process has at that moment. Here the watcher is opened without a listener, and with
 * an `emit` that also records that the signal was received. When the program's last listener for a signal is removed,
 * the watcher is opened again, in a function that replaces Node's own listener of `removeListener`, which closes it.
 * `process.listeners()`, `listenerCount()` and the order of listeners show only the program's listeners. If Node's
 * functions are not found, signals keep their default action.
 *
 * A signal that the program listens for is passed on at once, as without promherd. If it is one that ends programs,
 * nothing is watched any more: a second signal, or one that the program sends to itself, has its default action.
 */
export class SignalWatch {
  readonly #received = new Map<string, number>()
  readonly #opened = new Set<NodeJS.Signals>()
  readonly #onEnding: () => void
  #isOver = false

  /** Watches these signals from now on. Calls `onEnding` when the program has received one that ends programs. */
  constructor(signals: readonly NodeJS.Signals[], onEnding: () => void) {
    this.#onEnding = onEnding
    for (const signal of signals) this.#open(signal)
    if (OPEN === undefined || CLOSE === undefined) return
    const nodes = CLOSE
    const watched = new Set<string | symbol>(signals)
    const close = (event: string | symbol): void => {
      nodes.call(process, event)
      if (!this.#isOver && watched.has(event) && process.listenerCount(event) === 0) {
        this.#open(event as NodeJS.Signals)
      }
    }
    Object.defineProperty(close, 'name', { value: nodes.name })
    replace('removeListener', nodes, close)
  }

  /** Whether the program has received a signal from the operating system within the last `withinMs`. */
  hasReceived(signal: NodeJS.Signals, withinMs: number): boolean {
    return performance.now() - (this.#received.get(signal) ?? Number.NEGATIVE_INFINITY) < withinMs
  }

  /** Restores the default action of all signals that the program does not listen for. */
  stop(): void {
    this.#isOver = true
    for (const signal of this.#opened) close(signal)
    this.#opened.clear()
  }

  #open(signal: NodeJS.Signals): void {
    if (OPEN === undefined || CLOSE === undefined) return
    // If a listener has opened a watcher before, it calls the plain `emit`: so it is opened again.
    shadow(
      'listenerCount',
      () => 0,
      () => CLOSE.call(process, signal),
    )
    try {
      shadow(
        'emit',
        (...args: unknown[]) => this.#pass(signal, args),
        () => OPEN.call(process, signal),
      )
      this.#opened.add(signal)
    } catch {
      // The platform has no such signal, so it cannot be sent.
    }
  }

  #pass(signal: NodeJS.Signals, args: unknown[]): boolean {
    if (!this.#isOver && ENDING.has(signal) && process.listenerCount(signal) > 0) {
      this.#received.set(signal, performance.now())
      this.stop()
      this.#onEnding()
    }
    return (process.emit as (...args: unknown[]) => boolean).apply(process, args)
  }
}

const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGTERM'])

type OnListener = (this: NodeJS.Process, event: string | symbol) => void

/** Node's own listeners of the process, which open and close its watchers. */
const OPEN = nodes('newListener', 'startListeningIfSignal')
const CLOSE = nodes('removeListener', 'stopListeningIfSignal')

/** Replaces one listener of the process by another, in the same position. */
function replace(event: string, old: OnListener, listener: OnListener): void {
  const emitter: EventEmitter = process
  const listeners = emitter.rawListeners(event) as OnListener[]
  const rest = listeners.slice(listeners.indexOf(old))
  for (const each of rest) emitter.removeListener(event, each)
  for (const each of rest) emitter.on(event, each === old ? listener : each)
}

function nodes(event: string, name: string): OnListener | undefined {
  const listeners = (process as EventEmitter).rawListeners(event)
  return listeners.find(listener => listener.name === name) as OnListener | undefined
}

/** Does nothing while the program has a listener. */
function close(signal: NodeJS.Signals): void {
  CLOSE?.call(process, signal)
}

/** Replaces a method of the process while `act` runs, which must be synchronous. */
function shadow(method: 'emit' | 'listenerCount', instead: (...args: unknown[]) => unknown, act: () => void): void {
  const own = Object.getOwnPropertyDescriptor(process, method)
  Object.defineProperty(process, method, { value: instead, configurable: true, writable: true })
  try {
    act()
  } finally {
    if (own === undefined) delete (process as Partial<NodeJS.Process>)[method]
    else Object.defineProperty(process, method, own)
  }
}
