import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { get, until } from '../cluster/running.ts'
import { freePort } from '../support/resources.ts'
import { settled, startListening, startThreads } from './running.ts'

/** How threads share a port where the usual way is not there, and what remains each thread's own. */

const NO_KOFFI = fileURLToPath(new URL('./fixtures/no-koffi.cjs', import.meta.url))

/** Node knows of `reusePort` since 22.12 and 23.1. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const canReuse = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)

test('without koffi each thread has its own socket for the same port if Node can do that, and else an error with a remedy', async () => {
  const port = await freePort()
  const running = startThreads({
    options: { threads: 2, metrics: { port: 0 } },
    env: { APP_PORT: String(port), NODE_OPTIONS: `--require ${NO_KOFFI}` },
  })
  await running.said('metrics')
  if (canReuse) {
    await running.said('ready')
    const answered = new Set<string>()
    await until('both to answer', async () => answered.add((await get(running.appUrl())).body).size === 2)
    expect(running.stderr).toBe('')
    return
  }
  await until('a word', () =>
    running.stderr.includes('Threads cannot share a port on this system. Install `koffi`, or use Node'),
  )
  expect(running.stderr).toContain(`listen EADDRINUSE: address already in use 127.0.0.1:${port}. Threads cannot`)
  // The thread that was first serves all the same.
  expect((await get(running.appUrl())).status).toBe(200)
})

test('an exclusive socket, a pipe and a different port are not shared', async () => {
  const running = await startListening({ env: { ENTRY: './own-ports.mjs' } })
  const ports = await until('both', () =>
    running.all('exclusive').length === 2 ? running.all('exclusive') : undefined,
  )
  expect(new Set(ports).size).toBe(2)
  for (const port of ports) expect((await get(`http://127.0.0.1:${port}/`)).status).toBe(200)
  expect(running.stderr).toBe('')
})

test('a port is closed with the last server on it, and opened again by the next', async () => {
  const running = await startListening({ options: { threads: 1 }, env: { ENTRY: './own-ports.mjs' } })
  const { port } = new URL(running.appUrl())
  await get(running.appUrl('/close'))
  await until('the port to be closed', () =>
    get(running.appUrl()).then(
      () => false,
      error => error.code === 'ECONNREFUSED',
    ),
  )
  const [exclusive] = running.all('exclusive')
  await get(`http://127.0.0.1:${exclusive}/listen?port=${port}`)
  await until('the port', async () => (await get(`http://127.0.0.1:${port}/`).catch(() => undefined))?.status === 200)
  expect(await settled(running, 'promherd_worker_restarts_total{worker="1",reason="crash"}')).toBe(0)
})
