import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import type { EffectiveSetting } from '@promherd/core/config'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { bad, good, note } from '../../packages/cli/dist/check/finding.js'
import { reportOf } from '../../packages/cli/dist/check/report.js'
import { paintOf } from '../../packages/cli/dist/common/paint.js'
import { frameOf } from '../../packages/cli/dist/top/frame.js'
import { samplesOfText } from '../../packages/cli/dist/top/samples.js'
import { viewOf } from '../../packages/cli/dist/top/view.js'
import { promherd } from './running.ts'

/** The output of the command as it is printed. Read the files in golden/ when they change. */

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
const before = samplesOfText(read('fixtures/before.txt'), 100)
const after = samplesOfText(read('fixtures/after.txt'), 102)
const plain = paintOf(false)

describe('--help', () => {
  test.each(['promherd', 'start', 'exporter', 'top', 'check', 'health'])('of %s', async name => {
    const { code, stdout, stderr } = await promherd([...(name === 'promherd' ? [] : [name]), '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await expect(stdout).toMatchFileSnapshot(`golden/help-${name}.txt`)
  })
})

describe('the frame of top', () => {
  const options = { source: 'http://127.0.0.1:9091/metrics', corner: 'q: quit', paint: plain }
  const frame = (width: number, height: number): string[] =>
    frameOf(viewOf(before, after), { ...options, width, height })

  test.each([80, 200])('of %i columns', async width => {
    const lines = frame(width, Number.POSITIVE_INFINITY)
    expect(lines.filter(line => line.length > width)).toEqual([])
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/top-${width}.txt`)
  })

  test('never has more lines or columns than the terminal', () => {
    for (let width = 40; width <= 200; width += 8) {
      for (let height = 1; height <= 30; height++) {
        const lines = frame(width, height)
        expect({ width, height, fits: lines.length <= height }).toEqual({ width, height, fits: true })
        expect(lines.filter(line => line.length > width)).toEqual([])
      }
    }
  })

  test('has the same text with and without colours', () => {
    const size = { width: 80, height: 24 }
    const coloured = frameOf(viewOf(before, after), { ...options, ...size, paint: paintOf(true) }).join('\n')
    expect(coloured).toContain('\x1b[31mhung')
    expect(stripVTControlCharacters(coloured)).toBe(frame(80, 24).join('\n'))
  })
})

test('the JSON document of top matches its schema', async () => {
  const isValid = new Ajv({ strict: true, allowUnionTypes: true }).compile(
    JSON.parse(read('../../packages/cli/top.schema.json')),
  )
  const view = viewOf(before, after)
  expect(isValid(view), JSON.stringify(isValid.errors)).toBe(true)
  expect(isValid(viewOf(samplesOfText('', 1), samplesOfText('', 2)))).toBe(true)
  expect(isValid({ ...view, more: 1 })).toBe(false)
  await expect(`${JSON.stringify(view, undefined, 2)}\n`).toMatchFileSnapshot('golden/top.json')
})

describe('the report of check', () => {
  const setting = (
    key: string,
    value: unknown,
    source: EffectiveSetting['source'],
    origin: string,
    overridden: EffectiveSetting['overridden'] = [],
  ): EffectiveSetting => ({ key, value, source, origin, overridden })
  const settings = [
    setting('http.buckets', [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30], 'file', 'promherd.config.yaml'),
    setting('http.ignore', () => true, 'file', 'promherd.config.yaml'),
    setting('metrics.port', 9091, 'default', 'default'),
    setting('workers', 2, 'command line', '--workers', [
      { key: 'workers', value: 4, source: 'environment', origin: 'WEB_CONCURRENCY' },
      { key: 'workers', value: 8, source: 'file', origin: 'promherd.config.yaml' },
      { key: 'workers', value: 'max', source: 'default', origin: 'default' },
    ]),
  ]
  const findings = [
    good('Node', 'v20.20.2'),
    bad(
      'metrics port',
      'Expected port 9091 on 127.0.0.1 to be free, but another process uses it. Stop that process, or choose another port with --port.',
    ),
    note('directory', '/srv/herd can be written, but is on a disk. Workers are faster with a directory in /dev/shm.'),
  ]
  const report = {
    version: '0.1.0',
    file: 'from promherd.config.yaml',
    settings,
    findings,
    plan: ['run 2 worker processes', 'serve no metrics'],
  }

  test.each([80, 200])('of %i columns', async width => {
    const text = reportOf(report, { width, paint: plain })
    expect(text.split('\n').filter(line => line.length > width)).toEqual([])
    await expect(text).toMatchFileSnapshot(`golden/check-${width}.txt`)
  })
})
