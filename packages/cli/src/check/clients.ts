import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Finding, good, note } from './finding.ts'

/** The copies of prom-client that the application in a directory may load. */
export function promClients(directory: string): Finding {
  const copies = [...new Set(foldersAbove(directory).flatMap(copiesIn))].map(versionOf).sort()
  if (copies.length === 0) return good('prom-client', 'not installed, and not needed')
  if (copies.length === 1) return good('prom-client', `${copies[0]}: the metrics include its default registry`)
  const remedy =
    'Each has its own registry, and the metrics include all that are loaded. `npm dedupe` may leave only one.'
  return note('prom-client', `${copies.length} copies (${copies.join(', ')}). ${remedy}`)
}

const NAMES = ['prom-client', '@prometheus-io/client'] as const

function foldersAbove(directory: string): string[] {
  const above = dirname(directory)
  return [join(directory, 'node_modules'), ...(above === directory ? [] : foldersAbove(above))]
}

/** In a `node_modules` folder: the copies there, and those in the folders of its packages. */
function copiesIn(folder: string): string[] {
  const packages = namesIn(folder).flatMap(name =>
    name.startsWith('@') ? namesIn(join(folder, name)).map(inner => join(name, inner)) : [name],
  )
  const folders = [folder, ...packages.map(name => join(folder, name, 'node_modules'))]
  return folders.flatMap(each => NAMES.flatMap(name => realFolder(join(each, name)) ?? []))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function realFolder(path: string): string | undefined {
  try {
    return dirname(realpathSync(join(path, 'package.json')))
  } catch {
    return undefined
  }
}

function versionOf(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return `${name} ${version}`
}
