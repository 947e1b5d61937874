import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { get } from '../cluster/running.ts'

/** A socket that a service manager has opened serves the next start of the service. */

const FIXTURE = fileURLToPath(new URL('./fixtures/inherited.mjs', import.meta.url))

for (const policy of ['round robin', 'none']) {
  test(`a herd that has ended does not change an inherited socket: ${policy}`, async () => {
    const opener = createServer().listen(0, '127.0.0.1')
    await once(opener, 'listening')
    const { port } = opener.address() as { port: number }
    const { fd } = (opener as unknown as { _handle: { fd: number } })._handle
    const herds = [startOn(fd, policy), startOn(fd, policy)]
    // The herds have the socket now. The opener would accept from it too.
    opener.close()
    for (const [index, herd] of herds.entries()) {
      herd.stdin!.write('begin')
      await once(herd.stdout!, 'data')
      const response = await get(`http://127.0.0.1:${port}/`, { timeoutMs: 10_000 })
      expect(response, `herd ${index}`).toMatchObject({ status: 200, body: 'served' })
      herd.kill('SIGTERM')
      expect(await once(herd, 'exit'), `herd ${index}`).toEqual([0, null])
    }
  })
}

/** Starts a herd that has the socket as its descriptor 3. */
function startOn(fd: number, policy: string): ChildProcess {
  const herd = spawn(process.execPath, [FIXTURE], {
    env: { ...process.env, POLICY: policy },
    stdio: ['pipe', 'pipe', 'inherit', fd],
  })
  onTestFinished(() => {
    herd.kill('SIGKILL')
  })
  return herd
}
