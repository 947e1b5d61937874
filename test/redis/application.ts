import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** An application in this process that answers one request after the other. */
export interface Application {
  /** How many requests it has answered. */
  readonly answered: number
  stop(): Promise<Outcome>
}

export interface Outcome {
  readonly answered: number
  readonly failed: number
  readonly medianMs: number
  /** How much more memory than at the start the buffers of this process take. */
  readonly grownBytes: number
}

const PAUSE_MS = 10

export async function startApplication(): Promise<Application> {
  const before = process.memoryUsage().arrayBuffers
  const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const times: number[] = []
  let [isOver, failed] = [false, 0]
  const ask = async (): Promise<void> => {
    const at = performance.now()
    const [response] = await once(request({ port, agent: false }).end(), 'response')
    for await (const _ of response) {
      // The body is read to its end.
    }
    times.push(performance.now() - at)
  }
  const asked = (async () => {
    while (!isOver) {
      await ask().catch(() => failed++)
      await delay(PAUSE_MS)
    }
  })()
  return {
    get answered() {
      return times.length
    },
    async stop() {
      isOver = true
      await asked
      server.close()
      times.sort((a, b) => a - b)
      const medianMs = times[Math.floor(times.length / 2)] ?? Number.NaN
      const grownBytes = process.memoryUsage().arrayBuffers - before
      return { answered: times.length, failed, medianMs, grownBytes }
    },
  }
}
