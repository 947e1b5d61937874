import { text } from 'node:stream/consumers'
import type { Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { dial } from './client.ts'
import type { Chapter, Law } from './law.ts'
import { PLAIN } from './outcome-harnesses.ts'
import { HAPI } from './outcome-unadapted.ts'
import { OUTCOME_SUBJECTS, type OutcomeWorld } from './outcome-world.ts'
import { requestsOf } from './reading.ts'

/** Requests that Node parses and a framework may not like, by what is wrong with them. */
const REQUESTS: Readonly<Record<string, string>> = {
  'a path with broken percent-encoding': 'GET /%zz HTTP/1.1\r\nhost: a\r\n',
  'a parameter with broken percent-encoding': 'GET /raw/%E0%A4%A HTTP/1.1\r\nhost: a\r\n',
  'OPTIONS with an asterisk': 'OPTIONS * HTTP/1.1\r\nhost: a\r\n',
  'GET with an asterisk': 'GET * HTTP/1.1\r\nhost: a\r\n',
  'an invalid host': 'GET /nothing HTTP/1.1\r\nhost: a b/@c\r\n',
  'an incomplete address as host': 'GET /nothing HTTP/1.1\r\nhost: [\r\n',
  'an empty host': 'GET /nothing HTTP/1.1\r\nhost:\r\n',
  'no host in HTTP/1.0': 'GET /nothing HTTP/1.0\r\n',
  'an absolute URL': 'GET http://a.b/nothing HTTP/1.1\r\nhost: a\r\n',
  'an absolute URL with an invalid port': 'GET http://a.b:99999/ HTTP/1.1\r\nhost: a\r\n',
  'a path that points outside its root': 'GET /../../nothing HTTP/1.1\r\nhost: a\r\n',
  'a path with two slashes': 'GET //nothing HTTP/1.1\r\nhost: a\r\n',
  'a method of WebDAV': 'SEARCH /nothing HTTP/1.1\r\nhost: a\r\n',
  'an unknown expectation': 'GET /nothing HTTP/1.1\r\nhost: a\r\nexpect: magic\r\n',
}

async function statusOf(url: string, request: string): Promise<string> {
  const socket = await dial(url)
  socket.write(`${request}connection: close\r\n\r\n`)
  return /^HTTP\/1\.1 (\d{3})/.exec(await text(socket))![1]!
}

/** How many requests were recorded, by status. */
async function recordedBy(monitor: Monitor): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const [label, count] of Object.entries(await requestsOf(monitor))) {
    const status = label.split(' ').at(-1)!
    counts[status] = (counts[status] ?? 0) + count
  }
  return counts
}

const COUNTED: readonly Law<OutcomeWorld>[] = Object.entries(REQUESTS).map(([what, request]) => ({
  sentence: `a request is counted once, whichever component responds: ${what}`,
  async run(world) {
    const url = await world.start()
    // @hono/node-server does not say which server it belongs to before a request reaches the middleware.
    const heard: Record<string, number> = { [await statusOf(url, 'GET /raw/item HTTP/1.1\r\nhost: a\r\n')]: 1 }
    for (let i = 0; i < 3; i++) {
      const status = await statusOf(url, request)
      heard[status] = (heard[status] ?? 0) + 1
    }
    await expect.poll(() => recordedBy(world.monitor), { timeout: 10_000, interval: 5 }).toEqual(heard)
  },
}))

/** Without a framework nothing is refused, and these two have no adapter. */
const OTHERS = [PLAIN, HAPI, 'restify']

/** Requests that a framework refuses before it calls a hook or a middleware. */
export const UNROUTED: Chapter<OutcomeWorld> = {
  title: 'Requests without a route lookup',
  about:
    'Each request that Node has parsed is counted once, whichever component responds. A request that a framework ' +
    'refuses before it calls an adapter has the route `_refused`.',
  subjects: OUTCOME_SUBJECTS.filter(({ name }) => !OTHERS.some(other => name.startsWith(other))),
  laws: COUNTED,
}
