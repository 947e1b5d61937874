import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/process.ts'

/** The commands that docs/redis.md gives the user `host` or `viewer` of an ACL, as `+command`. */
export function rights(user: 'host' | 'viewer'): string[] {
  const line = readFileSync(join(ROOT, 'docs/redis.md'), 'utf8').match(new RegExp(`^ACL SETUSER ${user} .*$`, 'm'))
  if (line === null) throw new Error(`Expected docs/redis.md to have a line for the user ${user}.`)
  return line[0].split(' ').filter(word => word.startsWith('+'))
}
