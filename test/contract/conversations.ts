import { createMonitor, type Monitor } from '@promherd/core'
import { expect } from 'vitest'
import { alike, type Conversation } from './conversation.ts'
import { AWAY } from './conversations-away.ts'
import { ENDINGS } from './conversations-ending.ts'
import { REFUSALS } from './conversations-refused.ts'
import type { Chapter, Law } from './law.ts'
import { troublesOf } from './reading.ts'

const NODE = 'node:http'

function lawOf([name, conversation]: readonly [string, Conversation]): Law<Monitor> {
  const run = (monitor: Monitor): Promise<void> => alike(monitor, conversation)
  const recorded = [...Object.keys(conversation.requests), ...Object.keys(conversation.errors ?? {})]
  if (conversation.unseen === undefined) return { sentence: `${name}: ${recorded.map(quoted).join(', ')}`, run }
  return { sentence: `${name}: recorded`, run, cannot: { [NODE]: { reason: conversation.unseen, instead: run } } }
}

function quoted(record: string): string {
  return `\`${record}\``
}

/** What Node answers by itself, byte for byte, with promherd and without, each refusal counted once. */
export const CONVERSATIONS: Chapter<Monitor> = {
  title: 'What Node answers by itself',
  about:
    'What Node refuses, and how connections end, on a bare server. The client hears the same, byte for byte, with promherd ' +
    'and without; the connection ends, or goes on to serve, alike; the server has the same listeners. Each is recorded ' +
    'once, as it says here: the request by its status, then the failure by its category.',
  subjects: [
    {
      name: NODE,
      async within(use) {
        const monitor = createMonitor({ slab: 'heap' })
        try {
          await use(monitor)
          expect(await troublesOf(monitor)).toEqual({})
        } finally {
          await monitor.close()
        }
      },
    },
  ],
  laws: Object.entries({ ...REFUSALS, ...AWAY, ...ENDINGS }).map(lawOf),
}
