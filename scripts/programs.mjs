import { existsSync } from 'node:fs'
import { runQuietly, Stop, say } from './exec.mjs'

/**
 * The programs that the tests need in addition to Node, and the Debian package of each. A program is installed if one of
 * its probes exits with 0. PROMHERD_SKIP may list these names.
 */
export const PROGRAMS = {
  prometheus: { probes: [['prometheus', '--version']], debian: 'prometheus' },
  promtool: { probes: [['promtool', '--version']], debian: 'prometheus' },
  'prometheus-client': {
    // Another Python may precede that of Debian in PATH. Only Debian's has the packages of Debian.
    probes: ['python3', '/usr/bin/python3'].map(python => [python, '-c', 'import prometheus_client']),
    debian: 'python3-prometheus-client',
  },
  'redis-server': { probes: [['redis-server', '--version']], debian: 'redis-server' },
  // Creates the certificates of the tests.
  openssl: { probes: [['openssl', 'version']], debian: 'openssl' },
  // A real terminal, whose windows can be resized and read.
  tmux: { probes: [['tmux', '-V']], debian: 'tmux' },
}

/** Other requirements of the tests, which PROMHERD_SKIP may list too. */
const RIGHTS = [
  // Mounting a file system in memory. Only root may do that.
  'tmpfs',
  // Starting a process in separate namespaces. Only root may do that.
  'namespaces',
  // Running as a second user (setpriv). Only root may do that.
  'second-user',
  // Node 22 or later. On Linux, the tests contain one for runs with an older Node.
  'node-22',
  // A limit of open files (ulimit -Hn) of several thousand.
  'open-files',
]

/** The programs that PROMHERD_SKIP lists. The tests that need them are skipped, and the report of the run lists them. */
export function skippedPrograms() {
  const names = (process.env['PROMHERD_SKIP'] ?? '').split(',').filter(name => name !== '')
  for (const name of names) {
    const known = [...Object.keys(PROGRAMS), ...RIGHTS]
    if (known.includes(name)) continue
    throw new Stop(`Expected PROMHERD_SKIP to list some of ${known.join(', ')}, but got ${name}.`)
  }
  return names
}

/** Checks that every program that is not skipped is installed. On Debian, root installs missing ones. */
export async function requirePrograms(skipped) {
  let missing = await missingPrograms(skipped)
  if (missing.length === 0) return
  const packages = [...new Set(missing.map(name => PROGRAMS[name].debian))]
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    await installPackages(packages)
    missing = await missingPrograms(skipped)
  }
  if (missing.length > 0) throw new Stop(missingProgramsMessage(missing, packages))
}

async function missingPrograms(skipped) {
  const missing = []
  for (const [name, { probes }] of Object.entries(PROGRAMS)) {
    if (!skipped.includes(name) && !(await oneWorks(probes))) missing.push(name)
  }
  return missing
}

async function oneWorks(probes) {
  for (const [program, ...args] of probes) {
    if ((await runQuietly(program, args)).code === 0) return true
  }
  return false
}

async function installPackages(packages) {
  say(`Installing ${packages.join(', ')} with apt-get ...`)
  // RUNLEVEL=1: the services of the packages must not be started. The tests start the programs that they need.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const updated = await runQuietly('apt-get', ['update'], { env })
  if (updated.code !== 0) return say(updated.output)
  const installed = await runQuietly('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env })
  if (installed.code !== 0) say(installed.output)
}

function missingProgramsMessage(missing, packages) {
  return [
    `The tests need ${missing.join(', ')}. On Debian or Ubuntu run:`,
    `  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`,
    'or skip the tests that need them:',
    `  PROMHERD_SKIP=${missing.join(',')} npm test`,
  ].join('\n')
}
