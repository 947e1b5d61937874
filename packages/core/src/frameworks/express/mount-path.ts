import { mountText } from '../template.ts'
import type { Layer } from './types.ts'

/** What a layer was mounted at, as a prefix: empty where that is the root. */
export function mountOf(layer: Layer): string {
  let prefix = PREFIXES.get(layer)
  if (prefix === undefined) {
    prefix = readMount(layer)
    // A router before 2.3 knows nothing of a layer that has not matched yet.
    if (prefix !== '' || layer.slash === true) PREFIXES.set(layer, prefix)
  }
  return prefix
}

const PREFIXES = new WeakMap<Layer, string>()

function readMount(layer: Layer): string {
  if (layer.rawPath !== undefined) return mountText(layer.rawPath)
  if (layer.regexp !== undefined) return layer.regexp.fast_slash ? '' : writtenAs(layer.regexp, namesOf(layer))
  return layer.slash ? '' : generalized(layer.path ?? '', layer.params ?? {})
}

function namesOf(layer: Layer): string[] {
  return (layer.keys ?? []).map(({ name }) => (typeof name === 'number' ? '*' : `:${name}`))
}

/**
 * What an expression of Express 4 was written as. It keeps an expression of the user's as it is, makes one of a path,
 * and of a list one that has all of them side by side.
 */
export function writtenAs(regexp: RegExp, names: readonly string[]): string {
  const parts = alternativesOf(regexp.source)
  const isList = parts.length > 1 && (parts.some(isOfPath) || parts.every(part => part.startsWith('^')))
  if (!isList && !isOfPath(regexp.source)) return String(regexp)
  const left = [...names]
  return parts.map(part => (isOfPath(part) ? pathOf(part, left) : expressionOf(part, left))).join('|')
}

/** True for the source of an expression that was made of a path that something is mounted at. */
function isOfPath(source: string): boolean {
  return source.startsWith('^') && (source.endsWith('(?=\\/|$)') || source.endsWith('(?=/|$)'))
}

/** An expression among others. The names of its groups are no names of parameters in paths. */
function expressionOf(source: string, names: string[]): string {
  names.splice(0, source.replaceAll(/\\./g, '').match(/\((?!\?[^<]|\?<[=!])/g)?.length ?? 0)
  return `/${source}/`
}

/** What stands between the bars of an expression that are in no group. */
function alternativesOf(source: string): string[] {
  const parts: string[] = []
  let start = 0
  for (let i = 0; i < source.length; i++) {
    if (source[i] === '\\') i++
    else if (source[i] === '[') i = endOfClass(source, i)
    else if (source[i] === '(') i = closing(source, i)
    else if (source[i] === '|') {
      parts.push(source.slice(start, i))
      start = i + 1
    }
  }
  return [...parts, source.slice(start)]
}

function endOfClass(source: string, start: number): number {
  for (let i = start + 1; i < source.length; i++) {
    if (source[i] === '\\') i++
    else if (source[i] === ']') return i
  }
  return source.length
}

/**
 * The path that path-to-regexp 0.1 made `source` of: `^\/users(?:\/([^/]+?))\/?(?=\/|$)` was `/users/:id`. Takes the names
 * that it uses.
 */
export function pathOf(source: string, names: string[]): string {
  let path = ''
  for (let i = 0; i < source.length; i++) {
    const char = source[i]!
    if (char === '(') {
      const end = closing(source, i)
      if (!source.startsWith('(?=', i)) path += (source.startsWith('(?:\\/', i) ? '/' : '') + (names.shift() ?? '*')
      i = '?*+'.includes(source[end + 1] ?? ' ') ? end + 1 : end
    } else if (source.startsWith('\\/?', i)) i += 2
    else if (char === '\\') path += source[++i] ?? ''
    else if (char !== '^' && char !== '$') path += char
  }
  return path
}

/** Where the group that opens at `start` ends. */
function closing(source: string, start: number): number {
  let depth = 0
  for (let i = start; i < source.length; i++) {
    if (source[i] === '\\') i++
    else if (source[i] === '[') i = endOfClass(source, i)
    else if (source[i] === '(') depth++
    else if (source[i] === ')' && --depth === 0) return i
  }
  return source.length
}

/** A path with the values of its parameters replaced by their names: all that routers before 2.3 let one know. */
function generalized(path: string, params: Readonly<Record<string, string>>): string {
  const segments = path.split('/')
  for (const [name, value] of Object.entries(params).reverse()) {
    const at = segments.lastIndexOf(encodeURIComponent(String(value)))
    if (at >= 0) segments[at] = `:${name}`
  }
  return segments.join('/')
}
