import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { ROOT } from '../support/process.ts'
import { freePort } from '../support/resources.ts'
import { needs } from '../support/skip.ts'
import { until } from '../support/until.ts'
import { directoryWith, start } from './running.ts'
import { type Terminal, terminal } from './terminal.ts'

/** What the command looks like where people see it. */

const COMMAND = `'${process.execPath}' '${join(ROOT, 'packages/cli/bin/promherd.js')}'`

async function isColoured(window: Terminal): Promise<boolean> {
  const shown = await window.colours()
  return stripVTControlCharacters(shown) !== shown
}

async function metricsOfTwo(): Promise<string> {
  const port = await freePort()
  const app = join(ROOT, 'test/cli/fixtures/app.cjs')
  const running = start(['start', app, '--workers', '2', '--port', String(port)], { env: { PORT: '0' } })
  await until(() => running.stderr().includes('metrics at'), { what: `it to listen: ${running.stderr()}` })
  return `127.0.0.1:${port}`
}

/** What is typed when the screen is given back says how. */
const STATE = 'echo "code $?"; stty -a | grep -o "[-]*icanon"; stty -a | grep -o "[-]*echo "'

async function isGivenBack(window: Terminal): Promise<void> {
  await until(async () => !(await window.isSecondScreen()), { what: 'the first screen' })
  expect(await window.hasCursor()).toBe(true)
  await window.shows('before')
  await window.type(STATE)
  await window.shows(/^code 0\nicanon\necho\s*$/m)
}

test('top uses the alternate screen, adapts to its size, and restores the screen at q and at Ctrl-C', async context => {
  needs(context, 'tmux')
  const address = await metricsOfTwo()
  const window = await terminal(80, 24)
  await window.type('echo before')
  for (const key of ['q', 'C-c']) {
    await window.resize(80, 24)
    await window.type(`${COMMAND} top ${address} --interval 0.2`)
    await window.shows('workers 2 of 2')
    expect(await window.isSecondScreen()).toBe(true)
    expect(await window.hasCursor()).toBe(false)
    expect(await window.screen()).not.toContain('before')
    expect(await window.isWrapped()).toBe(false)
    expect(await isColoured(window)).toBe(true)
    await window.resize(200, 50)
    await until(async () => (await window.screen()).split('\n')[0]!.length > 150, { what: 'all the width to be used' })
    expect(await window.isWrapped()).toBe(false)
    await window.resize(60, 5)
    await until(async () => !(await window.screen()).split('\n').some(line => line.length > 60), { what: 'less width' })
    await window.shows('promherd top')
    expect(await window.isWrapped()).toBe(false)
    await window.resize(80, 24)
    await window.shows('workers 2 of 2')
    await window.press(key)
    await isGivenBack(window)
  }
})

test('top and check print no colours if NO_COLOR is set', async context => {
  needs(context, 'tmux')
  const address = await metricsOfTwo()
  const window = await terminal(80, 24)
  await window.type('export NO_COLOR=1')
  await window.type(`${COMMAND} top ${address} --interval 0.2`)
  await window.shows('workers 2 of 2')
  expect(await isColoured(window)).toBe(false)
  await window.press('q')
  await until(async () => !(await window.isSecondScreen()), { what: 'the first screen' })
  await window.type(`clear; ${COMMAND} check --port 0; echo "code $?"`)
  await window.shows('code 0')
  expect(await isColoured(window)).toBe(false)
})

test.for([80, 200])('check fits into a terminal of %i columns, in colour', async (columns, context) => {
  needs(context, 'tmux')
  const window = await terminal(columns, 60)
  const cwd = directoryWith({ 'promherd.config.yaml': 'workers: 8\nhttp: { buckets: [0.01, 0.05, 0.1, 0.5, 1, 5] }\n' })
  await window.type(`cd ${cwd}; clear; ${COMMAND} check --workers 2 --port 0; echo "code $?"`)
  await window.shows('code 0')
  await window.shows('run 2 worker processes')
  expect(await window.isWrapped()).toBe(false)
  expect(await isColoured(window)).toBe(true)
})
