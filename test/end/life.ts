import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { type RunningProgram, startProgram } from '../programs/harness.ts'
import { temporaryDirectory } from '../support/resources.ts'
import { until } from '../support/until.ts'

/** A real program in two workers, whose clients and log tell how each worker ends. */

const PROGRAM = fileURLToPath(new URL('./fixtures/life.mjs', import.meta.url))
const OWN_PRIMARY = fileURLToPath(new URL('./fixtures/own-primary.mjs', import.meta.url))
const WORKERS = 2

/** How a program ends: see `fixtures/life.mjs`. */
export type End = 'drained' | 'itself' | 'terminus' | 'stoppable' | 'lightship'

/** What runs the workers: the command with processes or threads, or a primary of the user's own. */
export const PRIMARIES = ['start', 'threads', 'startCluster', 'startThreads'] as const
export type PrimaryKind = (typeof PRIMARIES)[number]

export function isThreads(primary: PrimaryKind): boolean {
  return primary === 'threads' || primary === 'startThreads'
}

/** How a worker ended, as its primary reports it. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: string | null
  readonly reason: string
}

export interface LifeOptions {
  readonly isWatched?: boolean
  readonly maxRequests?: number
}

export class Life {
  readonly running: RunningProgram
  readonly directory: string

  constructor(primary: PrimaryKind, end: End, { isWatched = false, maxRequests = 0 }: LifeOptions = {}) {
    const { path: directory, remove } = temporaryDirectory()
    onTestFinished(remove)
    const config = join(directory, 'promherd.config.mjs')
    // A program that exits in time is not killed so soon.
    const drainTimeoutMs = end === 'drained' ? 20_000 : 10_000
    writeFileSync(
      config,
      `import { writeSync } from 'node:fs'
      export default {
        drainTimeoutMs: ${drainTimeoutMs},
        maxRequests: ${maxRequests},
        onWorkerExit: ({ code, signal, reason }) => writeSync(1, 'ended ' + JSON.stringify({ code, signal, reason }) + '\\n'),
      }`,
    )
    const options = { cwd: directory, workers: WORKERS, args: [end] }
    const isOwn = primary === 'startCluster' || primary === 'startThreads'
    this.directory = directory
    this.running = isOwn
      ? startProgram('node', OWN_PRIMARY, { ...options, env: { KIND: primary, OPTIONS: pathToFileURL(config).href } })
      : startProgram(primary, PROGRAM, { ...options, words: isWatched ? ['--watch'] : [] })
  }

  /** Resolves to the port when all workers listen. */
  async listening(): Promise<number> {
    const port = await this.running.listening(WORKERS)
    expect(new Set(this.running.ports)).toEqual(new Set([port]))
    return port
  }

  /** How the workers ended that have ended. */
  get ends(): WorkerEnd[] {
    return this.#lines('ended').map(line => JSON.parse(line) as WorkerEnd)
  }

  /** What each worker has logged, by its process and thread. */
  get logs(): Map<string, string[]> {
    const logs = new Map<string, string[]>()
    for (const line of this.running.log) {
      const [, id, words] = /^(\d+\.\d+) (.*)$/.exec(line) ?? []
      if (id !== undefined) logs.set(id, [...(logs.get(id) ?? []), words!.trim()])
    }
    return logs
  }

  /** Resolves when this number of workers has exited, and all of them are replaced. */
  async hasEnded(workers: number, running: number = WORKERS): Promise<void> {
    await until(() => this.ends.length >= workers && this.running.ports.length >= this.ends.length + running, {
      what: `${workers} workers to end: ${this.running.stdout}${this.running.stderr}`,
      deadlineMs: 75_000,
    })
  }

  #lines(word: string): string[] {
    return this.running.log.filter(line => line.startsWith(`${word} `)).map(line => line.slice(word.length + 1))
  }
}

/** A connection that no response ends, and what became of it. */
export interface Client {
  readonly kind: 'webSocket' | 'eventStream'
  /** Which worker it is connected to. */
  readonly worker: string
  /** What it has received at its end; undefined while it is open. */
  readonly received: () => unknown
  readonly close: () => void
}

/** Connects a WebSocket and a stream of events to each worker. */
export async function connectToAll(port: number, workers: number = WORKERS): Promise<Client[]> {
  const clients: Client[] = []
  for (const connect of [webSocket, eventStream]) {
    const byWorker = new Map<string, Client>()
    // The kernel may hand several in a row to one thread.
    for (let tries = 0; byWorker.size < workers && tries < 100; tries++) {
      for (const client of await Promise.all([connect(port), connect(port), connect(port), connect(port)])) {
        if (byWorker.has(client.worker)) client.close()
        else byWorker.set(client.worker, client)
      }
    }
    expect(byWorker.size).toBe(workers)
    clients.push(...byWorker.values())
  }
  onTestFinished(() => {
    for (const client of clients) client.close()
  })
  return clients
}

async function webSocket(port: number): Promise<Client> {
  let received: unknown
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`).on('error', () => {})
  socket.on('close', (code, reason) => {
    received = [code, String(reason)]
  })
  const [hello] = await once(socket, 'message')
  return { kind: 'webSocket', worker: String(hello), received: () => received, close: () => socket.terminate() }
}

async function eventStream(port: number): Promise<Client> {
  let text = ''
  let received: unknown
  const sent = get({ port, host: '127.0.0.1', path: '/events', agent: false })
  sent.on('error', () => {})
  const [response] = await once(sent, 'response')
  response.setEncoding('utf8').on('error', () => {})
  await new Promise<void>(resolve => {
    response.on('data', (piece: string) => {
      text += piece
      resolve()
    })
  })
  const worker = /^data: (.*)$/m.exec(text)![1]!
  response.on('close', () => {
    received = [text.slice(`data: ${worker}\n\n`.length), response.complete]
  })
  return { kind: 'eventStream', worker, received: () => received, close: () => sent.destroy() }
}
