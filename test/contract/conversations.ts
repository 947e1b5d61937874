import type { Server } from 'node:http'
import { createMonitor, instrumentServer, type Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { alike, type Conversation, type Watching } from './conversation.ts'
import { AWAY } from './conversations-away.ts'
import { ENDINGS } from './conversations-ending.ts'
import { REFUSALS } from './conversations-refused.ts'
import { preloadedName, recordingInto } from './harnesses/preloading.ts'
import type { Chapter, Law, Subject } from './law.ts'
import { internalErrorsOf } from './reading.ts'

const NODE = 'node:http'

function lawOf([name, conversation]: readonly [string, Conversation]): Law<Watching> {
  const run = (world: Watching): Promise<void> => alike(world, conversation)
  const recorded = [...Object.keys(conversation.requests), ...Object.keys(conversation.errors ?? {})]
  if (conversation.unseen === undefined) return { sentence: `${name}: ${recorded.map(quoted).join(', ')}`, run }
  return { sentence: `${name}: recorded`, run, cannot: { [NODE]: { reason: conversation.unseen, instead: run } } }
}

function quoted(record: string): string {
  return `\`${record}\``
}

function subject(name: string, watch: (monitor: Monitor, server: Server) => unknown): Subject<Watching> {
  return {
    name,
    async within(use) {
      const monitor = createMonitor({ storage: 'memory' })
      try {
        await use({ monitor, watch: server => watch(monitor, server) })
        expect(await internalErrorsOf(monitor)).toEqual({})
      } finally {
        await monitor.close()
      }
    },
  }
}

/** Responses that Node sends itself, byte for byte, with promherd and without, each refusal counted once. */
export const CONVERSATIONS: Chapter<Watching> = {
  title: 'Responses that Node sends itself',
  about:
    'Requests that Node refuses, and the ends of connections, on a bare server. With promherd and without, the ' +
    'client receives the same bytes, the connection is closed or kept in the same cases, and the server has the ' +
    'same listeners. Each law names what is recorded, once: the request with its status, then the error with its ' +
    'category.',
  subjects: [
    subject(NODE, (monitor, server) => instrumentServer(server, { monitor })),
    { ...subject(preloadedName(NODE), (monitor, server) => recordingInto(monitor).measure(server)), like: NODE },
  ],
  laws: Object.entries({ ...REFUSALS, ...AWAY, ...ENDINGS }).map(lawOf),
}
