import type { ServerResponse } from 'node:http'
import { sharedSymbol } from '../../base/shared.ts'

/**
 * Records when the head of a response was sent. Node does not report it, so `headersSent` is checked after each call
 * that may send the head: `writeHead` alone does not, except over HTTP/2.
 */
export class FirstByte {
  /** A `performance.now()` time; undefined until the head was sent. */
  at: number | undefined = undefined
  readonly originals: Readonly<Record<Sender, Send>>

  /** Starts the measurement. Once for each response. */
  constructor(response: Watched) {
    const { write, end, flushHeaders, writeHead } = response as unknown as Record<Sender, Send>
    this.originals = { write, end, flushHeaders, writeHead }
    response[FIRST_BYTE] = this
    const senders =
      'stream' in response ? ['write', 'end', 'flushHeaders', 'writeHead'] : ['write', 'end', 'flushHeaders']
    for (const sender of senders as Sender[]) (response as unknown as Record<Sender, Send>)[sender] = SENDERS[sender]
  }
}

/** The measurement of this response, started now if it has not been yet. */
export function firstByteOf(response: ServerResponse): FirstByte {
  return (response as Watched)[FIRST_BYTE] ?? new FirstByte(response as Watched)
}

const FIRST_BYTE: unique symbol = sharedSymbol('first-byte') as never
type Watched = ServerResponse & { [FIRST_BYTE]?: FirstByte }
type Sender = 'write' | 'end' | 'flushHeaders' | 'writeHead'
type Send = (this: Watched, ...parts: unknown[]) => unknown

const SENDERS: Readonly<Record<Sender, Send>> = {
  write: watching('write'),
  end: watching('end'),
  flushHeaders: watching('flushHeaders'),
  writeHead: watching('writeHead'),
}

function watching(sender: Sender): Send {
  return function send(this: Watched, ...parts: unknown[]): unknown {
    const firstByte = this[FIRST_BYTE]!
    const answer = firstByte.originals[sender].apply(this, parts)
    if (firstByte.at === undefined && this.headersSent) look(this, firstByte)
    return answer
  }
}

/** A response that is queued behind another one of its connection is sent when it gets the socket. */
function look(response: Watched, firstByte: FirstByte): void {
  if (response.socket !== null) firstByte.at = performance.now()
  else if (response.listenerCount('socket', onSocket) === 0) response.once('socket', onSocket)
}

function onSocket(this: Watched): void {
  const firstByte = this[FIRST_BYTE]!
  firstByte.at ??= performance.now()
}
