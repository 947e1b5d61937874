/** The path of a URL, in Node's form or absolute: the part before `?` and `#`. */
export function pathOf(url: string): string {
  let start = 0
  if (url.charCodeAt(0) !== SLASH) {
    const authority = url.indexOf('://')
    if (authority < 0) return url
    start = url.indexOf('/', authority + 3)
    if (start < 0) return '/'
  }
  let end = start
  while (end < url.length && url.charCodeAt(end) !== QUERY && url.charCodeAt(end) !== FRAGMENT) end++
  return start === 0 && end === url.length ? url : url.slice(start, end)
}

const SLASH = 47
const QUERY = 63
const FRAGMENT = 35
