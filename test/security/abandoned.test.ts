import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { get, startReady } from '../cluster/running.ts'
import { isSkipped } from '../support/skip.ts'
import { asSecondUser } from './second-user.ts'

/** What a start of a primary does to directories of other users, and to what lies in abandoned ones. */

let parent: string
let precious: string
let names = 0

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'promherd-security-'))
  chmodSync(parent, 0o1777)
  precious = mkdtempSync(join(tmpdir(), 'promherd-precious-'))
  writeFileSync(join(precious, '1-abcdefgh12.values'), 'precious')
})
afterEach(() => {
  rmSync(parent, { recursive: true, force: true })
  rmSync(precious, { recursive: true, force: true })
})

/** Nothing but its name tells such a directory from one that a killed primary has left. */
function abandoned(mode = 0o700): string {
  const path = join(parent, `promherd-aaa${String(names++).padStart(3, '0')}`)
  mkdirSync(path, { mode })
  chmodSync(path, mode)
  writeFileSync(join(path, 'leader.1'), DEAD_LOCK)
  makeOld(join(path, 'leader.1'))
  return path
}

const DEAD_LOCK = JSON.stringify({ pid: 2 ** 22 + 1, pidNamespace: 0, startTicks: 1, threadId: 0, token: 'dead' })

function makeOld(path: string): void {
  const then = new Date(Date.now() - 3_600_000)
  utimesSync(path, then, then)
}

/** A primary whose temporary files are in `parent` starts, serves, and ends. */
async function startAndEnd(): Promise<void> {
  const running = await startReady({ options: { workers: 1 }, env: { TMPDIR: parent } })
  expect((await get(running.appUrl())).status).toBe(200)
  await running.end()
}

describe.skipIf(isSkipped('second-user'))('beside another user', () => {
  test('directories of another user, and those that another user may write to, stay as they are; pipes, links and devices in them hold up no start', async () => {
    const theirs = join(parent, 'promherd-other1')
    asSecondUser(
      `const [path, lock] = process.argv.slice(1)
       require('fs').mkdirSync(path, { mode: 0o700 })
       require('fs').writeFileSync(path + '/leader.1', lock)
       require('fs').writeFileSync(path + '/theirs.txt', 'theirs')`,
      theirs,
      DEAD_LOCK,
    )
    makeOld(theirs)
    const open = abandoned(0o777)
    asSecondUser(`require('fs').symlinkSync(process.argv[1], process.argv[2] + '/1-abcdefgh12.values')`, precious, open)
    makeOld(open)
    asSecondUser(
      `const [parent] = process.argv.slice(1)
       const { mkdirSync, symlinkSync } = require('fs')
       for (const name of ['promherd-trap01', 'promherd-trap02']) mkdirSync(parent + '/' + name, { mode: 0o755 })
       require('child_process').execFileSync('mkfifo', [parent + '/promherd-trap01/leader.1'])
       symlinkSync('/dev/zero', parent + '/promherd-trap02/leader.1')`,
      parent,
    )
    await startAndEnd()
    expect(readdirSync(theirs).sort()).toEqual(['leader.1', 'theirs.txt'])
    expect(readdirSync(open).sort()).toEqual(['1-abcdefgh12.values', 'leader.1'])
    const names = [theirs, open].map(path => basename(path))
    expect(readdirSync(parent).sort()).toEqual([...names, 'promherd-trap01', 'promherd-trap02'].sort())
  })
})

/** In which state a primary may have left its directory, or another program may have put it. */
const STATES: readonly [what: string, leave: (path: string) => void][] = [
  ['nothing', path => rmSync(join(path, 'leader.1'))],
  ['a pipe for a lock', path => execFileSync('mkfifo', [join(path, 'leader.2')])],
  ['a device for a lock', path => symlinkSync('/dev/zero', join(path, 'leader.2'))],
  ['a lock that is no JSON', path => writeFileSync(join(path, 'leader.2'), '{"pid":')],
  ['a lock of nothing', path => writeFileSync(join(path, 'leader.3'), '{}')],
  ['a lock with the last number', path => writeFileSync(join(path, 'leader.999999999'), '{}')],
  ['a lock of many bytes', path => writeFileSync(join(path, 'leader.4'), DEAD_LOCK + ' '.repeat(2 ** 21))],
  ['a draft of a lock', path => writeFileSync(join(path, `leader.draft-${randomUUID()}`), DEAD_LOCK)],
  ['a store without a header', path => writeFileSync(join(path, '1-abcdefgh12.values'), new Uint8Array(64))],
  ['a store without names', path => writeFileSync(join(path, '1-abcdefgh12.values'), '')],
  ['drafts', path => writeFileSync(join(path, 'retired.values.draft'), 'half')],
  ['links', path => symlinkSync(precious, join(path, '1-abcdefgh12.values'))],
  ['links to files', path => symlinkSync(join(precious, '1-abcdefgh12.values'), join(path, 'retired.values'))],
]

test('abandoned directories are removed in whatever state they were left, and never what links lead to, nor what promherd does not name', async () => {
  const left = STATES.map(([what, leave]) => {
    const path = abandoned()
    leave(path)
    for (const name of readdirSync(path)) if (lstatSync(join(path, name)).isFile()) makeOld(join(path, name))
    makeOld(path)
    return { what, path }
  })
  // Folders and names that promherd does not give stay, and so does the directory that they are in.
  const foreign = abandoned()
  mkdirSync(join(foreign, '2-abcdefgh12.values'))
  writeFileSync(join(foreign, 'notes.txt'), 'mine')
  writeFileSync(join(foreign, 'retired.csv'), 'mine')
  makeOld(foreign)
  // A link in the place of an abandoned directory leads nowhere.
  const link = join(parent, 'promherd-link01')
  chmodSync(precious, 0o700)
  symlinkSync(precious, link)
  await startAndEnd()
  expect(left.filter(({ path }) => existsSync(path)).map(({ what }) => what)).toEqual([])
  expect(readdirSync(foreign).sort()).toEqual(['2-abcdefgh12.values', 'notes.txt', 'retired.csv'])
  expect(lstatSync(link).isSymbolicLink()).toBe(true)
  expect(readdirSync(precious)).toEqual(['1-abcdefgh12.values'])
})
