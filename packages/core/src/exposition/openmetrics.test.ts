import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Numbers } from '../snapshot/numbers.ts'
import type { Exemplars, Family, Snapshot } from '../snapshot/snapshot.ts'
import { OpenMetricsEncoder } from './openmetrics.ts'
import { TextEncoder004 } from './text.ts'

const LABELS = [['/a']]

function familyOf(name: string, type: Family['type'], more: Partial<Family> = {}): Family {
  const values = Numbers.from([3])
  return {
    name,
    type,
    help: 'H.',
    labelNames: ['route'],
    buckets: [],
    aggregator: 'sum' as const,
    labels: LABELS,
    values,
    ...more,
  }
}

/** One series with as many numbers. */
const zeros = (width: number): Numbers =>
  Numbers.from(
    Array.from({ length: width }, () => 0),
    width,
  )

const histogram = familyOf('d', 'histogram', { buckets: [0.5, 1], values: Numbers.from([1, 2, 3, 7.25], 4) })

const TRACE = { labels: [['trace_id', 'a"b']] as const, value: 0.75, timestamp: 1700000000.123 }

function snapshotOf(...families: Family[]): Snapshot {
  return { takenAt: 0, herd: 'h', startedAt: 0, families }
}

function textOf(snapshot: Snapshot, encoder = new OpenMetricsEncoder()): string {
  return [...encoder.encode(snapshot)].join('')
}

describe('OpenMetrics text', () => {
  it('names a counter without `_total`, and its sample with it', () => {
    expect(textOf(snapshotOf(familyOf('jobs_total', 'counter')))).toBe(
      '# TYPE jobs counter\n# HELP jobs H.\njobs_total{route="/a"} 3\n# EOF\n',
    )
  })

  it('keeps the name of every series, for any name of a counter', () => {
    const odd = textOf(snapshotOf(familyOf('jobs', 'counter'), familyOf('_total', 'counter')))
    expect(odd).toContain('# TYPE jobs unknown\n# HELP jobs H.\njobs{route="/a"} 3\n')
    expect(odd).toContain('# TYPE _total unknown\n# HELP _total H.\n_total{route="/a"} 3\n')
    for (const other of ['jobs', 'jobs_created']) {
      const met = textOf(snapshotOf(familyOf(other, 'gauge'), familyOf('jobs_total', 'counter')))
      expect(met).toContain('# TYPE jobs_total unknown\n# HELP jobs_total H.\njobs_total{route="/a"} 3\n')
    }
  })

  it('writes gauges, untyped, summaries and histograms', () => {
    const quantiles = { labelNames: ['quantile', 'worker'], labels: [['1', '2']], values: Numbers.from([9]) }
    const summary = familyOf('s', 'summary', { values: Numbers.from([2.5, 4], 2), quantiles })
    const help = 'A "quoted" \\ help\nof two lines.'
    const all = snapshotOf(familyOf('g', 'gauge', { help }), familyOf('u', 'untyped'), summary, histogram)
    expect(textOf(all)).toBe(
      [
        '# TYPE g gauge',
        '# HELP g A \\"quoted\\" \\\\ help\\nof two lines.',
        'g{route="/a"} 3',
        '# TYPE u unknown',
        '# HELP u H.',
        'u{route="/a"} 3',
        '# TYPE s summary',
        '# HELP s H.',
        's{quantile="1.0",worker="2"} 9',
        's_sum{route="/a"} 2.5',
        's_count{route="/a"} 4',
        '# TYPE d histogram',
        '# HELP d H.',
        'd_bucket{route="/a",le="0.5"} 1',
        'd_bucket{route="/a",le="1.0"} 3',
        'd_bucket{route="/a",le="+Inf"} 6',
        'd_sum{route="/a"} 7.25',
        'd_count{route="/a"} 6',
        '# EOF\n',
      ].join('\n'),
    )
  })

  it('writes the unit that a name ends with, between the type and the help', () => {
    expect(textOf(snapshotOf(familyOf('cpu_seconds_total', 'counter'), familyOf('size_bytes', 'gauge')))).toBe(
      [
        '# TYPE cpu_seconds counter',
        '# UNIT cpu_seconds seconds',
        '# HELP cpu_seconds H.',
        'cpu_seconds_total{route="/a"} 3',
        '# TYPE size_bytes gauge',
        '# UNIT size_bytes bytes',
        '# HELP size_bytes H.',
        'size_bytes{route="/a"} 3',
        '# EOF\n',
      ].join('\n'),
    )
  })

  it('writes a unit for every family whose name ends with one, and for no other', () => {
    const word = fc.constantFrom('seconds', 'bytes', 'ratio', 'total', 'sum', 'milliseconds', 'x', '')
    const name = fc.array(word, { minLength: 1, maxLength: 4 }).map(words => `a${words.join('_')}`)
    const named = fc.tuple(name, fc.constantFrom('counter', 'gauge', 'untyped', 'histogram', 'summary'))
    const families = fc.uniqueArray(named, { maxLength: 5, selector: ([name]) => name })
    const property = fc.property(families, all => {
      const width = { histogram: 4, summary: 2, counter: 1, gauge: 1, untyped: 1 }
      const snapshot = snapshotOf(
        ...all.map(([name, type]) => ({
          ...familyOf(name, type, { values: zeros(width[type]) }),
          buckets: type === 'histogram' ? [0.5, 1] : [],
        })),
      )
      const text = textOf(snapshot)
      const titles = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, title]) => title!)
      const units = titles.flatMap(title => {
        const last = title.slice(title.lastIndexOf('_') + 1)
        return title.includes('_') && ['seconds', 'bytes', 'ratio'].includes(last) ? [`# UNIT ${title} ${last}`] : []
      })
      expect(text.split('\n').filter(line => line.startsWith('# UNIT'))).toEqual(units)
      expect(textOf(snapshot, new TextEncoder004())).not.toContain('# UNIT')
    })
    fc.assert(property)
  })

  it('writes bounds as the specification lists them', () => {
    const canonical = ['-2.5', '0.0', '1e-10', '1e-05', '0.0001', '0.001', '0.1', '1.0', '1.5', '10.0', '100000.0']
    canonical.push('123456.5', '1e+06', '1.5e+06', '1e+10', '1e+100', '+Inf')
    const buckets = canonical.slice(0, -1).map(Number)
    const text = textOf(snapshotOf(familyOf('d', 'histogram', { buckets, values: zeros(buckets.length + 2) })))
    expect([...text.matchAll(/le="([^"]+)"/g)].map(([, le]) => le)).toEqual(canonical)
  })

  it('writes exemplars after buckets and counters, which text 0.0.4 does not', () => {
    const exemplars = new Map<number, Exemplars>([[0, [undefined, TRACE]]])
    const marked = snapshotOf(
      familyOf('jobs_total', 'counter', { exemplars: new Map([[0, [TRACE]]]) }),
      familyOf('odd', 'counter', { exemplars: new Map([[0, [TRACE]]]) }),
      { ...histogram, exemplars },
    )
    const written = ' # {trace_id="a\\"b"} 0.75 1700000000.123\n'
    const text = textOf(marked)
    expect(text).toContain(`jobs_total{route="/a"} 3${written}`)
    expect(text).toContain(`d_bucket{route="/a",le="1.0"} 3${written}d_bucket{route="/a",le="+Inf"} 6\n`)
    expect(text.split(' # {')).toHaveLength(3)
    const plain = snapshotOf(familyOf('jobs_total', 'counter'), familyOf('odd', 'counter'), histogram)
    expect(textOf(marked, new TextEncoder004())).toBe(textOf(plain, new TextEncoder004()))
  })

  it('writes what a new encoder writes after exemplars appeared, changed and disappeared beside unchanged numbers', () => {
    const encoder = new OpenMetricsEncoder()
    const all: (Exemplars | undefined)[] = [undefined, [TRACE], [undefined, TRACE], [{ ...TRACE, value: 0.1 }]]
    for (const own of [...all, undefined, [TRACE], [TRACE]] as typeof all) {
      const snapshot = snapshotOf(own === undefined ? histogram : { ...histogram, exemplars: new Map([[0, own]]) })
      expect(textOf(snapshot, encoder)).toBe(textOf(snapshot))
    }
  })
})
