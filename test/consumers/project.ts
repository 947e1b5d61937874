import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ROOT, runProcess } from '../support/process.ts'

/**
 * A folder outside the workspace in which the packages are installed as a user has them: unpacked from what would be
 * published. What they depend on is linked to what the workspace has.
 */
export interface Project {
  readonly folder: string
  /** The packed packages, by their names. */
  readonly tarballs: ReadonlyMap<string, string>
  /** Writes a file and returns its path. */
  write(name: string, text: string): string
  /** Runs `body` while a package is not installed. */
  without(name: string, body: () => Promise<void>): Promise<void>
  remove(): void
}

/** The packages of the workspace, by their folders. */
const PACKAGES: Readonly<Record<string, string>> = {
  core: '@promherd/core',
  cli: 'promherd',
  express: '@promherd/express',
  fastify: '@promherd/fastify',
  hono: '@promherd/hono',
  koa: '@promherd/koa',
  otlp: '@promherd/otlp',
}

/** What consumers depend on, by the name that they import and the place that has it. */
const INSTALLED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['express', 'fastify', 'hono', 'koa', '@hono/node-server', 'prom-client', '@types/koa', '@types/express'].map(
      name => [name, `test/node_modules/${name}`],
    ),
  ),
  fastify4: 'test/node_modules/fastify4',
  '@types/node': 'node_modules/@types/node',
  pidusage: 'packages/core/node_modules/pidusage',
  koffi: 'packages/core/node_modules/koffi',
  protobufjs: 'packages/otlp/node_modules/protobufjs',
  commander: 'packages/cli/node_modules/commander',
  chokidar: 'packages/cli/node_modules/chokidar',
  jiti: 'packages/cli/node_modules/jiti',
  yaml: 'packages/cli/node_modules/yaml',
}

/** Packs the packages and installs them. */
export async function makeProject(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'promherd-consumer-'))
  const packed = join(folder, 'packed')
  await must('npx', ['-y', 'pnpm@10.34.8', '-r', '--filter', './packages/*', 'pack', '--pack-destination', packed])
  const files = readdirSync(packed)
  const tarballs = new Map<string, string>()
  for (const [name, installed] of Object.entries(PACKAGES)) {
    const prefix = name === 'cli' ? 'promherd' : `promherd-${name}`
    const file = files.find(file => new RegExp(`^${prefix}-\\d`).test(file))!
    const target = join(folder, 'node_modules', installed)
    mkdirSync(target, { recursive: true })
    await must('tar', ['-xzf', join(packed, file), '-C', target, '--strip-components=1'])
    tarballs.set(installed, join(packed, file))
  }
  for (const [name, place] of Object.entries(INSTALLED)) {
    const link = join(folder, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(ROOT, place), link)
  }
  return {
    folder,
    tarballs,
    write: (name, text) => {
      const path = join(folder, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
      return path
    },
    without: async (name, body) => {
      const link = join(folder, 'node_modules', name)
      rmSync(link)
      try {
        await body()
      } finally {
        symlinkSync(join(ROOT, INSTALLED[name]!), link)
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Runs a program that must end with 0. Returns its output. */
export async function must(program: string, args: readonly string[], cwd: string = ROOT): Promise<string> {
  const { code, output } = await runProcess(program, args, { cwd })
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output}`)
  return output
}
