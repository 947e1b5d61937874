import { METHODS as KNOWN } from 'node:http'
import type { Socket } from 'node:net'
import { dial } from './client.ts'

/** The number of requests in one write. The next write follows the last response. */
const PIPELINED = 100

/** Methods that a strict parser accepts. CONNECT is not a request. */
const METHODS = KNOWN.filter(method => method !== 'CONNECT')

/**
 * A part that makes a path long, so that a few thousand stored paths are more than the noise of the heap of V8. It is as
 * long as Fastify allows for parameters, and as the longest path whose route core stores.
 */
const PARAMETER = 'b'.repeat(85)
const PATH = 'c'.repeat(210)

const SHAPES: readonly ((i: number) => string)[] = [
  i => `/items/${i}${PARAMETER}`,
  i => `/${i}${PATH}/.env`,
  i => `/wp-admin/${i}${PATH}.php?id=${i}`,
  i => `//${i}${PATH}//..%2f..%2fetc/passwd`,
  i => `/items/${i}/%00/${i}${PATH}`,
  i => `/__proto__/constructor/${i}${PATH}`,
  i => `/${'a'.repeat(300)}${i}`,
  i => `/%F0%9F%90%91/${i};jsessionid=${i}${PATH}`,
  i => `/?${i}={route="x"}${PATH}`.replaceAll('"', '%22'),
  i => `/items/${i}%22,status_code=%22200`,
]

/** Counts of `METHOD status` that the client received. */
export type Seen = Map<string, number>

/** Sends the requests from `first` to before `end`, which all differ, on several connections, and adds to `seen`. */
export async function flood(url: string, first: number, end: number, seen: Seen, connections = 4): Promise<void> {
  let next = first
  const take = (): number[] => Array.from({ length: Math.min(PIPELINED, end - next) }, () => next++)
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = await dial(url)
      for (let batch = take(); batch.length > 0; batch = take()) await pipelined(socket, batch, seen)
      socket.destroy()
    }),
  )
}

async function pipelined(socket: Socket, batch: readonly number[], seen: Seen): Promise<void> {
  const statuses = statusesOf(socket, batch.length)
  socket.write(batch.map(requestOf).join(''))
  for (const [i, status] of (await statuses).entries()) {
    const key = `${methodOf(batch[i]!)} ${status}`
    seen.set(key, (seen.get(key) ?? 0) + 1)
  }
}

function methodOf(i: number): string {
  return METHODS[Math.floor(i / SHAPES.length) % METHODS.length]!
}

function requestOf(i: number): string {
  const path = SHAPES[i % SHAPES.length]!(i)
  const headers = `host: host-${i}.example\r\nuser-agent: agent ${i} ${PATH}\r\nx-${i}: ${i}\r\nx-forwarded-for: ${i}\r\n`
  return `${methodOf(i)} ${path} HTTP/1.1\r\n${headers}content-length: 0\r\n\r\n`
}

/** The status lines of the next `count` responses, in the order of the requests. */
function statusesOf(socket: Socket, count: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const statuses: string[] = []
    let rest = ''
    const onData = (piece: Buffer): void => {
      rest += piece.toString('latin1')
      let read = 0
      for (const match of rest.matchAll(/HTTP\/1\.1 (\d{3})/g)) {
        statuses.push(match[1]!)
        read = match.index + STATUS_LINE
      }
      // Only the possible beginning of a status line is kept.
      rest = rest.slice(Math.max(read, rest.length - STATUS_LINE + 1))
      if (statuses.length < count) return
      socket.off('data', onData).off('close', onClose)
      resolve(statuses)
    }
    const onClose = (): void => reject(new Error(`closed after ${statuses.length} of ${count} answers`))
    socket.on('data', onData).on('close', onClose)
  })
}

const STATUS_LINE = 'HTTP/1.1 200'.length
