import type { Duplex } from 'node:stream'
import { isUint8Array } from 'node:util/types'

/** Reads the first bytes written to a connection: if the application writes a status line itself, it is there. */

/** Calls `see` with the first chunk that is written to `socket`, and restores the methods of the socket then. */
export function seeFirst(socket: Duplex, see: (chunk: unknown) => void): void {
  const undo = [wrap(socket, 'write', first), wrap(socket, 'end', first)]
  function first(chunk: unknown): void {
    for (const restore of undo.splice(0)) restore()
    if (chunk !== undefined && typeof chunk !== 'function') see(chunk)
  }
}

/** Calls `see` with the status of the next write to `socket`, if the written data begins with a status line. */
export function firstStatusOn(socket: Duplex, see: (status: number) => void): void {
  seeFirst(socket, chunk => {
    const status = statusIn(chunk)
    if (status !== undefined) see(status)
  })
}

/** The status of a response that begins with this chunk. */
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
