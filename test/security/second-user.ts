import { execFileSync } from 'node:child_process'
import { chownSync } from 'node:fs'

/** What another user of the host does: the tests run as root, and this is the user 65534. */
export const SECOND_USER = 65_534

/** Runs a script of Node as the second user, in a directory that it may write to. */
export function asSecondUser(script: string, ...args: readonly string[]): void {
  const user = ['--reuid', String(SECOND_USER), '--regid', String(SECOND_USER), '--clear-groups']
  try {
    execFileSync('setpriv', [...user, process.execPath, '-e', script, ...args], { cwd: '/', stdio: 'pipe' })
  } catch (error) {
    throw new Error('Expected to act as a second user: run as root, or set PROMHERD_SKIP=second-user.', {
      cause: error,
    })
  }
}

export function giveToSecondUser(path: string): void {
  chownSync(path, SECOND_USER, SECOND_USER)
}
