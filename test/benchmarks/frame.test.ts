import { describe, expect, it } from 'vitest'
import { documentOf, type Figure, type Report } from '../../benchmarks/lib/document.js'
import { pageOf } from '../../benchmarks/lib/page.js'
import { readResults, resultsWith } from '../../benchmarks/lib/results.js'
import { REQUIRED_KEYS } from './required-keys.ts'
import { refused } from './running.ts'

const MISSED: Figure = { what: 'it', unit: 'ms', value: 3, min: 2, max: 5, reach: '<= 1', met: false }

function report(benchmark: string, settings: Report['settings'] = {}): Report {
  return { benchmark, machine: { node: 'v1' }, settings, figures: { [`${benchmark}.ms`]: MISSED }, checks: {} }
}

describe('the command', () => {
  it('rejects an unknown benchmark, and names the known ones', async () => {
    const { code, stderr } = await refused('scrub')
    expect(code).toBe(2)
    expect(stderr).toContain('expected one benchmark, but got `scrub`. usage: bench [all|')
    for (const name of Object.keys(REQUIRED_KEYS)) expect(stderr).toContain(`|${name}`)
  })

  it('rejects an invalid size', async () => {
    const { code, stderr } = await refused('scrape', '--series', '1.5')
    expect(code).toBe(2)
    expect(stderr).toContain('expected --series to be an integer from 1 to 1000000, but got `1.5`')
  })

  it('rejects --write with a run of reduced size', async () => {
    const { code, stderr } = await refused('record', '--quick', '--write')
    expect(code).toBe(2)
    expect(stderr).toContain('expected --write without --quick')
  })
})

describe('the document of a run', () => {
  it('is the report itself for a single benchmark', () => {
    expect(documentOf([report('record')])).toEqual(report('record'))
  })

  it('has the figures of all benchmarks in one object, and the rest by benchmark', () => {
    const { figures, settings } = documentOf([report('record', { rounds: 7 }), report('scrape', { rounds: 3 })])
    expect(figures).toEqual({ 'record.ms': MISSED, 'scrape.ms': MISSED })
    expect(settings).toEqual({ record: { rounds: 7 }, scrape: { rounds: 3 } })
  })
})

describe('the page of results', () => {
  it('shows minimum, median and maximum, and an unmet reach', () => {
    expect(pageOf({ record: report('record') })).toContain('| `record.ms` | it | ms | 2 | 3 | 5 | <= 1 | **no** |')
  })

  it('shows what was left out, and which benchmarks were never run', () => {
    const page = pageOf({ record: { ...report('record'), checks: { equal: true, left_out: 'a rival' } } })
    expect(page).toContain('**Left out:** a rival')
    expect(page).toContain('Not measured yet: `npm run bench -- scrape --write`.')
  })

  it('keeps the results of other benchmarks when one is run again', () => {
    const results = resultsWith({ record: report('record'), scrape: report('scrape') }, [
      report('record', { rounds: 9 }),
    ])
    expect(results).toEqual({ record: report('record', { rounds: 9 }), scrape: report('scrape') })
  })

  it.each(Object.entries(readResults()))('has every required key of %s', (benchmark, { figures }) => {
    expect(Object.keys(figures)).toEqual(expect.arrayContaining([...(REQUIRED_KEYS[benchmark] ?? [])]))
  })
})
