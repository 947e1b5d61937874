import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, runQuietly, Stop, say } from './exec.mjs'

/** The dependencies of the workspace: installed if they are missing or differ from the lock file. */

const STAMP = join(ROOT, 'node_modules', '.promherd-installed')

/** Installs the packages of the lock file. Logs nothing if they are already installed. */
export async function installDependencies() {
  const wanted = fingerprint()
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  say(`Installing dependencies with ${packageManager} ...`)
  const program = process.platform === 'win32' ? 'npx.cmd' : 'npx'
  // CI=true: pnpm must not ask questions.
  const { code, output } = await runQuietly(program, ['-y', packageManager, 'install', '--frozen-lockfile'], {
    env: { CI: 'true' },
  })
  if (code !== 0) throw new Stop(`${output}\nThe dependencies could not be installed (exit code ${code}).`)
  writeFileSync(STAMP, wanted)
}

/** A hash that changes if another set of packages would be installed. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const path of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests()]) {
    hash.update(`\0${path}\0`).update(readFileSync(join(ROOT, path)))
  }
  return hash.digest('hex')
}

/** The manifests of the workspace: the root, the members on the first level, and those in a folder of members. */
function manifests() {
  const folders = ['.', 'benchmarks', 'test', ...below('packages'), ...below('examples')]
  return folders.map(folder => join(folder, 'package.json')).filter(path => existsSync(join(ROOT, path)))
}

function below(folder) {
  const path = join(ROOT, folder)
  if (!existsSync(path)) return []
  return readdirSync(path)
    .sort()
    .map(name => join(folder, name))
}
