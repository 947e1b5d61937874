import { mountText } from '../template.ts'
import type { Layer } from './types.ts'

/** The mount path of a layer, as a prefix: empty if that is the root. */
export function mountOf(layer: Layer): string {
  let prefix = PREFIXES.get(layer)
  if (prefix === undefined) {
    prefix = readMountPath(layer)
    // Before router 2.3, a layer has no path before its first match.
    if (prefix !== '' || layer.slash === true) PREFIXES.set(layer, prefix)
  }
  return prefix
}

const PREFIXES = new WeakMap<Layer, string>()

function readMountPath(layer: Layer): string {
  if (layer.rawPath !== undefined) return mountText(layer.rawPath)
  if (layer.regexp !== undefined) return layer.regexp.fast_slash ? '' : pathTextOf(layer.regexp, namesOf(layer))
  return layer.slash ? '' : withParameterNames(layer.path ?? '', layer.params ?? {})
}

function namesOf(layer: Layer): string[] {
  return (layer.keys ?? []).map(({ name }) => (typeof name === 'number' ? '*' : `:${name}`))
}

/**
 * The path, as the program wrote it, of a regular expression of Express 4. Express 4 keeps regular expressions unchanged,
 * creates one from a path, and creates one with alternatives from an array.
 */
export function pathTextOf(regexp: RegExp, names: readonly string[]): string {
  const parts = alternativesOf(regexp.source)
  const isList = parts.length > 1 && (parts.some(isOfPath) || parts.every(part => part.startsWith('^')))
  if (!isList && !isOfPath(regexp.source)) return String(regexp)
  const left = [...names]
  return parts.map(part => (isOfPath(part) ? pathOf(part, left) : expressionOf(part, left))).join('|')
}

/** True for the source of an expression that was created from a mount path. */
function isOfPath(source: string): boolean {
  return source.startsWith('^') && (source.endsWith('(?=\\/|$)') || source.endsWith('(?=/|$)'))
}

/** An expression that is one of several. It removes one name for each of its groups, which are no path parameters. */
function expressionOf(source: string, names: string[]): string {
  names.splice(0, source.replaceAll(/\\./g, '').match(/\((?!\?[^<]|\?<[=!])/g)?.length ?? 0)
  return `/${source}/`
}

/** The alternatives of an expression at the top level, outside of groups. */
function alternativesOf(source: string): string[] {
  const parts: string[] = []
  let start = 0
  for (let i = 0; i < source.length; i++) {
    if (source[i] === '\\') i++
    else if (source[i] === '[') i = endOfClass(source, i)
    else if (source[i] === '(') i = endOfGroup(source, i)
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
 * The path from which path-to-regexp 0.1 created `source`: `^\/users(?:\/([^/]+?))\/?(?=\/|$)` was `/users/:id`.
 * Removes the names that it uses from `names`.
 */
function pathOf(source: string, names: string[]): string {
  let path = ''
  for (let i = 0; i < source.length; i++) {
    const char = source[i]!
    if (char === '(') {
      const end = endOfGroup(source, i)
      if (!source.startsWith('(?=', i)) path += (source.startsWith('(?:\\/', i) ? '/' : '') + (names.shift() ?? '*')
      i = '?*+'.includes(source[end + 1] ?? ' ') ? end + 1 : end
    } else if (source.startsWith('\\/?', i)) i += 2
    else if (char === '\\') path += source[++i] ?? ''
    else if (char !== '^' && char !== '$') path += char
  }
  return path
}

/** The end of the group that opens at `start`. */
function endOfGroup(source: string, start: number): number {
  let depth = 0
  for (let i = start; i < source.length; i++) {
    if (source[i] === '\\') i++
    else if (source[i] === '[') i = endOfClass(source, i)
    else if (source[i] === '(') depth++
    else if (source[i] === ')' && --depth === 0) return i
  }
  return source.length
}

/** The path with the values of its parameters replaced by their names. Routers before 2.3 expose only these values. */
function withParameterNames(path: string, params: Readonly<Record<string, string>>): string {
  const segments = path.split('/')
  for (const [name, value] of Object.entries(params).reverse()) {
    const at = segments.lastIndexOf(encodeURIComponent(String(value)))
    if (at >= 0) segments[at] = `:${name}`
  }
  return segments.join('/')
}
