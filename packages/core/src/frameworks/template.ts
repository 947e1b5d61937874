/** What stands for a prefix that a function took away before a router was called: it cannot be known. */
export const ANYWHERE = '/*'

/** The template of what `path` is under `prefix`, which is a result of this function or of `mountText`. */
export function joinTemplates(prefix: string, path: string): string {
  if (path === '' || path === '/') return prefix === '' ? '/' : prefix
  return path.startsWith('/') ? prefix + path : `${prefix}/${path}`
}

/** What something is mounted at, as a prefix: without the slash at its end. An expression stays as it is written. */
export function mountText(path: unknown): string {
  if (Array.isArray(path)) return path.flat(Number.POSITIVE_INFINITY).map(mountText).join('|')
  return typeof path === 'string' && path.endsWith('/') ? path.slice(0, -1) : String(path)
}

/** The path of a route, as it is written. */
export function routeText(path: unknown): string {
  return Array.isArray(path) ? path.flat(Number.POSITIVE_INFINITY).map(String).join('|') : String(path)
}
