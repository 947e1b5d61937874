import type { Duplex } from 'node:stream'
import { isUint8Array } from 'node:util/types'

/** The first bytes that are written to a connection: there a status line stands that is written by hand. */

/** Calls `see` with the first thing that is written to `socket`, and leaves the socket as it was. */
export function seeFirst(socket: Duplex, see: (chunk: unknown) => void): void {
  const undo = [wrap(socket, 'write', first), wrap(socket, 'end', first)]
  function first(chunk: unknown): void {
    for (const restore of undo.splice(0)) restore()
    if (chunk !== undefined && typeof chunk !== 'function') see(chunk)
  }
}

/** Calls `see` with the status that is written to `socket` next, where what is written begins with a status line. */
export function firstStatusOn(socket: Duplex, see: (status: number) => void): void {
  seeFirst(socket, chunk => {
    const status = statusIn(chunk)
    if (status !== undefined) see(status)
  })
}

/** The status of an answer that begins like this. */
export function statusIn(chunk: unknown): number | undefined {
  const head = isUint8Array(chunk) ? Buffer.from(chunk.subarray(0, 16)).toString('latin1') : String(chunk)
  const status = /^HTTP\/1\.\d ([1-9]\d\d)\b/.exec(head)?.[1]
  return status === undefined ? undefined : Number(status)
}

function wrap(socket: Duplex, method: 'write' | 'end', first: (chunk: unknown) => void): () => void {
  const own = Object.getOwnPropertyDescriptor(socket, method)
  const original = socket[method] as (...given: unknown[]) => unknown
  function promherdFirst(this: Duplex, ...given: unknown[]): unknown {
    first(given[0])
    return Reflect.apply(original, this, given)
  }
  Object.defineProperty(socket, method, { value: promherdFirst, writable: true, configurable: true })
  return () => {
    if (socket[method] !== (promherdFirst as unknown)) return
    if (own === undefined) Reflect.deleteProperty(socket, method)
    else Object.defineProperty(socket, method, own)
  }
}
