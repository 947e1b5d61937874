import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type RunningProcess, startProcess } from '../support/process.ts'
import { until } from '../support/until.ts'

/** A redis-server on a port and in a folder of its own. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly folder: string
  /** A client of the test's own. */
  readonly client: Redis
  /** The process; another one after a restart. */
  process(): RunningProcess
  /** Starts it again after it has ended. */
  restart(): Promise<void>
  close(): Promise<void>
}

export async function startRedis(
  args: readonly string[] = [],
  { password, port: given }: { password?: string; port?: number } = {},
): Promise<RedisServer> {
  const port = given ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'promherd-redis-'))
  const retryStrategy = (): number => 50
  const auth = password === undefined ? {} : { password }
  const client = new Redis({ ...auth, port, host: '127.0.0.1', retryStrategy, maxRetriesPerRequest: null })
  client.on('error', () => {})
  const start = (): Promise<RunningProcess> =>
    startProcess(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', ...args],
      { cwd: folder },
    )
  let running = await start()
  const isThere = async (): Promise<void> => {
    await until(async () => /PONG|NOAUTH/.test(await client.ping().catch((error: Error) => error.message)), {
      what: `a redis-server on ${port}`,
    })
  }
  await isThere()
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    folder,
    client,
    process: () => running,
    async restart() {
      running = await start()
      await isThere()
    },
    async close() {
      client.disconnect()
      await running.stop('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
