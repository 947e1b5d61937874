import { expect } from 'vitest'
import { closed, heard } from './client.ts'
import type { Law } from './law.ts'
import { PLAIN } from './outcome-harnesses.ts'
import { type OutcomeWorld, PATIENT } from './outcome-world.ts'
import { numberOf, requestsOf, secondsOf, streamsOf } from './reading.ts'

function counted(path: string, how: string): Law<OutcomeWorld> {
  return {
    sentence: `an event stream ${how} is counted, and neither timed nor in flight`,
    async run(world) {
      const { monitor, stage } = world
      const socket = await world.asking(`/raw/${path}`)
      await heard(socket, 'text/event-stream')
      await expect.poll(() => streamsOf(monitor), PATIENT).toEqual({ sse: 1, upgrade: 0 })
      expect(await numberOf(monitor, 'http_requests_in_flight')).toBe(0)
      expect(await requestsOf(monitor)).toEqual({})
      stage.release()
      await heard(socket, 'data: 2')
      await world.recorded('GET', 200)
      expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 0 })
      expect(await secondsOf(monitor)).toBe(0)
      expect(await numberOf(monitor, 'promherd_worker_requests_total')).toBe(1)
      await world.hasErrors({})
      socket.destroy()
    },
  }
}

async function leaves(world: OutcomeWorld, path: string, template: string, text: string): Promise<void> {
  const { monitor } = world
  const socket = await world.asking(path)
  await heard(socket, text)
  await expect.poll(() => streamsOf(monitor), PATIENT).toEqual({ sse: 1, upgrade: 0 })
  socket.destroy()
  await world.settled({ [`GET ${template} 200`]: 1 })
  expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 0 })
  expect(await secondsOf(monitor)).toBe(0)
  await world.hasErrors({})
}

/** Laws of streams of events. */
export const STREAMS: readonly Law<OutcomeWorld>[] = [
  {
    sentence: 'an event stream that the framework creates is recognised',
    run: world => leaves(world, '/native-events', '/native-events', 'first'),
    cannot: {
      [PLAIN]: {
        reason: 'A bare server creates none. An event stream that the program writes itself is recognised too.',
        instead: world => leaves(world, '/raw/events', '/raw/:name', 'data: 1'),
      },
    },
  },
  counted('events', 'whose type is passed to `writeHead`'),
  counted('set-events', 'whose type is set before `writeHead`'),
  {
    sentence: 'a client that closes an event stream is no error, with and without a scrape while it was open',
    async run(world) {
      const socket = await world.asking('/raw/events')
      await heard(socket, 'data: 1')
      socket.destroy()
      await world.recorded('GET', 200)
      expect(await secondsOf(world.monitor)).toBe(0)
      expect(await streamsOf(world.monitor)).toEqual({ sse: 0, upgrade: 0 })
      await world.hasErrors({})
    },
  },
  {
    sentence: 'an event stream that fails is still an error',
    async run(world) {
      await closed(await world.asking('/raw/broken-events'))
      await world.recorded('GET', 200)
      await world.failed('exception')
      expect(await secondsOf(world.monitor)).toBe(0)
    },
  },
]
