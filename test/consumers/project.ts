import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
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

/** The dependencies of consumer applications: the name, and the folder in which it is installed. */
const USED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...['express', 'fastify', 'hono', 'koa', '@koa/router', '@hono/node-server', 'prom-client'],
      ...['@types/koa', '@types/express', 'fastify4', 'mocha'],
    ].map(name => [name, 'test']),
  ),
  '@types/node': '.',
  vitest: '.',
}

/** A package of the workspace: every folder in `packages` is published. */
interface Package {
  readonly folder: string
  readonly name: string
  /** Its dependencies outside the workspace. */
  readonly dependencies: readonly string[]
}

const PACKAGES: readonly Package[] = readdirSync(join(ROOT, 'packages')).map(name => {
  const folder = `packages/${name}`
  const manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest
  const { dependencies, optionalDependencies, peerDependencies } = manifest
  const all = Object.entries({ ...dependencies, ...optionalDependencies, ...peerDependencies })
  const others = all.filter(([, version]) => !version.startsWith('workspace:')).map(([dependency]) => dependency)
  return { folder, name: manifest.name, dependencies: others }
})

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Where each package is installed that a consumer has. Optional peers may be installed nowhere. */
function installed(): Map<string, string> {
  const places = PACKAGES.flatMap(({ folder, dependencies }) => dependencies.map(name => [name, folder] as const))
  const all = [...places, ...Object.entries(USED)].map(
    ([name, folder]) => [name, join(ROOT, folder, 'node_modules', name)] as const,
  )
  return new Map(all.filter(([, place]) => existsSync(place)))
}

/** Packs the packages and installs them. */
export async function makeProject(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'promherd-consumer-'))
  const packed = join(folder, 'packed')
  // The pnpm of the workspace: npx would search for it first, which takes twice as long as packing.
  const pnpm = join(ROOT, 'node_modules/pnpm/bin/pnpm.cjs')
  await must(process.execPath, [pnpm, '-r', '--filter', './packages/*', 'pack', '--pack-destination', packed])
  const tarballs = new Map<string, string>()
  for (const { name } of PACKAGES) {
    const prefix = name.replace('@', '').replace('/', '-')
    const file = readdirSync(packed).find(file => new RegExp(`^${prefix}-\\d`).test(file))!
    const target = join(folder, 'node_modules', name)
    mkdirSync(target, { recursive: true })
    await must('tar', ['-xzf', join(packed, file), '-C', target, '--strip-components=1'])
    tarballs.set(name, join(packed, file))
  }
  const links = installed()
  for (const [name, place] of links) {
    const link = join(folder, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(place, link)
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
        symlinkSync(links.get(name)!, link)
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
