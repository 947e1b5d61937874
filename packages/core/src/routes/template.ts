/** Stands for a prefix that a function removed before a router was called: it cannot be known. */
export const ANYWHERE = '/*'

/** The template of `path` under `prefix`, which is a result of this function or of `mountText`. */
export function joinTemplates(prefix: string, path: string): string {
  if (path === '' || path === '/') return prefix === '' ? '/' : prefix
  return path.startsWith('/') ? prefix + path : `${prefix}/${path}`
}

/** A mount path as a prefix: without a trailing slash. An expression is kept as it is written. */
export function mountText(path: unknown): string {
  if (Array.isArray(path)) return path.flat(Number.POSITIVE_INFINITY).map(mountText).join('|')
  return typeof path === 'string' && path.endsWith('/') ? path.slice(0, -1) : String(path)
}

/** The path of a route, as it is written. */
export function routeText(path: unknown): string {
  return Array.isArray(path) ? path.flat(Number.POSITIVE_INFINITY).map(String).join('|') : String(path)
}
