import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type RunningProcess, startProcess } from '../support/process.ts'
import { until } from '../support/until.ts'
import { type Application, BUNDLERS, bundleOf, FORMATS } from './bundlers.ts'
import type { Project } from './project.ts'

/** The output of a bundled application. */
interface Shown {
  readonly requests: string
  readonly version: string
  readonly storage: string
}

const REQUESTS = 20
const VERSION = '0.1.0'

/** A bundled application has the same counts as an unbundled one. */
export function bundlerTests(project: () => Project): void {
  describe.each(Object.entries(BUNDLERS))('an application bundled by %s', (bundler, bundle) => {
    beforeAll(() => bundle(project()), 180_000)

    describe.each(FORMATS)('as %s', { timeout: 120_000 }, format => {
      const file = (name: Application): string => bundleOf(project(), bundler, format, name)

      test('counts each request of a cluster, has its version, and uses mmap if koffi is installed', async () => {
        const shown = { requests: `${REQUESTS}`, version: VERSION, storage: 'mmap' }
        expect(await run(file('app'), ['cluster'])).toEqual(shown)
      })

      test('does so in threads, without koffi, and next to the manifest of the application', async () => {
        const folder = mkdtempSync(join(tmpdir(), 'promherd-bundle-'))
        try {
          cpSync(dirname(file('app')), folder, { recursive: true })
          writeFileSync(join(folder, 'package.json'), '{ "name": "app", "version": "9.9.9" }')
          const moved = join(folder, basename(file('app')))
          const shown = { requests: `${REQUESTS}`, version: VERSION, storage: 'file' }
          // Not installed at all: webpack stores the paths of the sources, and would find it from there.
          await project().without('koffi', async () => expect(await run(moved, ['threads'])).toEqual(shown))
        } finally {
          rmSync(folder, { recursive: true, force: true })
        }
      })

      test('contains the preload', async () => {
        const { requests, version } = await run(file('preloaded'), [])
        expect({ requests, version }).toEqual({ requests: `${REQUESTS}`, version: VERSION })
      })
    })
  })
}

/** Runs a bundle, sends requests to it, and reads its metrics. */
async function run(file: string, args: readonly string[]): Promise<Shown> {
  // pnpm starts programs with a NODE_PATH, in which koffi would always be found.
  const env = { PROMETHEUS_METRICS_PORT: '0', PROMETHEUS_MULTIPROC_DIR: undefined, NODE_PATH: undefined }
  const running = await startProcess(process.execPath, [file, ...args], { cwd: dirname(file), env })
  try {
    const isHerd = args[0] === 'cluster' || args[0] === 'threads'
    const app = await printed(running, 'listening')
    const metrics = isHerd ? await printed(running, 'metrics') : app
    for (let i = 0; i < REQUESTS; i++) {
      await (await fetch(`${app}/hello/${i}`, { headers: { connection: 'close' } })).text()
    }
    const text = await untilCounted(`${metrics}/metrics`)
    return {
      requests: countOf(text),
      version: /^promherd_build_info{version="(.+?)"}/m.exec(text)?.[1] ?? '',
      storage: args.length > 0 ? await printed(running, 'storage') : '',
    }
  } catch (error) {
    throw new Error(`${String(error)}\n${running.output()}`, { cause: error })
  } finally {
    await running.stop()
  }
}

/** Another process counts a response when it is closed, which is later than the client receives it. */
async function untilCounted(url: string): Promise<string> {
  let text = ''
  await until(
    async () => {
      text = await (await fetch(url)).text()
      return Number(countOf(text)) >= REQUESTS
    },
    { what: 'all requests to be counted', deadlineMs: 30_000 },
  )
  return text
}

function countOf(text: string): string {
  return /^http_requests_total{.*?route="\/hello\/:name".*?} (\d+)$/m.exec(text)?.[1] ?? 'none'
}

async function printed(running: RunningProcess, what: string): Promise<string> {
  const line = (): string | undefined => new RegExp(`^${what} (\\S+)$`, 'm').exec(running.output())?.[1]
  await until(async () => line() !== undefined, { what: `the bundle to print ${what}`, deadlineMs: 30_000 })
  return line()!
}
