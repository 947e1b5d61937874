import { existsSync } from 'node:fs'
import { runQuietly, Stop, say } from './exec.mjs'

/**
 * The programs that the tests need besides Node, and the Debian package that each comes with. A program is there where one
 * of its probes exits with 0. The names are what PROMHERD_SKIP may list.
 */
export const PROGRAMS = {
  prometheus: { probes: [['prometheus', '--version']], debian: 'prometheus' },
  promtool: { probes: [['promtool', '--version']], debian: 'prometheus' },
  'prometheus-client': {
    // Another Python may stand in front of Debian's, which is the one that has Debian's packages.
    probes: ['python3', '/usr/bin/python3'].map(python => [python, '-c', 'import prometheus_client']),
    debian: 'python3-prometheus-client',
  },
  'redis-server': { probes: [['redis-server', '--version']], debian: 'redis-server' },
  // Makes the certificates of the tests.
  openssl: { probes: [['openssl', 'version']], debian: 'openssl' },
  // A terminal that is really one, whose windows can be resized and read.
  tmux: { probes: [['tmux', '-V']], debian: 'tmux' },
}

/** What else the tests need, and PROMHERD_SKIP may list. */
const RIGHTS = [
  // To mount a file system in memory, which only root may.
  'tmpfs',
  // To start a process in namespaces of its own, which only root may.
  'namespaces',
  // To act as a second user (setpriv), which only root may.
  'second-user',
  // A Node of version 22 or later, which the tests bring along for Linux where they are run by an older one.
  'node-22',
  // A limit of open files (ulimit -Hn) of some thousands.
  'open-files',
]

/** The programs that PROMHERD_SKIP lists: the tests that need them are skipped, and the run says so. */
export function skippedPrograms() {
  const names = (process.env['PROMHERD_SKIP'] ?? '').split(',').filter(name => name !== '')
  for (const name of names) {
    const known = [...Object.keys(PROGRAMS), ...RIGHTS]
    if (known.includes(name)) continue
    throw new Stop(`Expected PROMHERD_SKIP to list some of ${known.join(', ')}, but got ${name}.`)
  }
  return names
}

/** Makes sure that every program is there which is not skipped; installs it where that can be done unasked. */
export async function requirePrograms(skipped) {
  let missing = await missingPrograms(skipped)
  if (missing.length === 0) return
  const packages = [...new Set(missing.map(name => PROGRAMS[name].debian))]
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    await installPackages(packages)
    missing = await missingPrograms(skipped)
  }
  if (missing.length > 0) throw new Stop(howToGoOn(missing, packages))
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
  // RUNLEVEL=1: the packages bring services, which shall not be started. The tests start what they need themselves.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const updated = await runQuietly('apt-get', ['update'], { env })
  if (updated.code !== 0) return say(updated.output)
  const installed = await runQuietly('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env })
  if (installed.code !== 0) say(installed.output)
}

function howToGoOn(missing, packages) {
  return [
    `The tests need ${missing.join(', ')}. On Debian or Ubuntu type:`,
    `  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`,
    'or leave out the tests that need them:',
    `  PROMHERD_SKIP=${missing.join(',')} npm test`,
  ].join('\n')
}
