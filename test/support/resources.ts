import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A port of the loopback on which no process listened a moment ago; for programs that cannot choose one themselves. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

/** A fresh directory and how to remove it. */
export function temporaryDirectory(parent: string = tmpdir()): { path: string; remove: () => void } {
  const path = mkdtempSync(join(parent, 'promherd-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
