import { isIP } from 'node:net'

/**
 * Checks the `Host` headers that the metrics port accepts. Otherwise a web page in a browser on this host could read
 * the metrics through a name of its own that resolves to 127.0.0.1 (DNS rebinding): the browser sends that name as
 * `Host`. So a port that is bound to a loopback address accepts loopback names, the name that it is bound to, and the
 * names in `allowedHosts`. A port that is bound to another address is meant to be reached from outside, by any name; it
 * checks the names only if `allowedHosts` is given.
 */
export class HostCheck {
  /** Undefined if every name is accepted. */
  readonly #names: ReadonlySet<string> | undefined

  constructor(bound: string, allowedHosts: readonly string[] | undefined) {
    const names = allowedHosts ?? (isLoopback(nameOf(bound)) ? [] : undefined)
    this.#names = names && new Set([bound, ...names].map(nameOf))
  }

  /** True if a request with this `Host` header is served; HTTP/1.0 sends none. */
  accepts(header: string | undefined): boolean {
    if (this.#names === undefined || header === undefined) return true
    const name = nameOf(header)
    return isLoopback(name) || this.#names.has(name)
  }
}

/** The name or address of a host in lower case, without port, brackets or the trailing dot of the root. */
function nameOf(host: string): string {
  const text = host.trim().toLowerCase()
  if (isIP(text) !== 0) return text
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(text)
  if (bracketed !== null) return bracketed[1]!
  return text.replace(/:\d*$/, '').replace(/\.$/, '')
}

/** RFC 6761, 6.3: `localhost` and names below it; RFC 1122, 3.2.1.3: 127.0.0.0/8; RFC 4291, 2.5.3: ::1. */
function isLoopback(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true
  return isIP(name.replace(/^::ffff:/, '')) === 4 && name.replace(/^::ffff:/, '').startsWith('127.')
}
