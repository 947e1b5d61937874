import { expect, test } from 'vitest'
import { runProcess } from '../support/process.ts'

test('the benchmark `copy` exports the same samples as prom-client, of every kind, under stable keys', async () => {
  const module = new URL('../../benchmarks/copy.js', import.meta.url).href
  const input = `import('${module}')
    .then(({ copy }) => copy({ quick: true }))
    .then(report => process.stdout.write(JSON.stringify(report)))`
  const { code, output } = await runProcess(process.execPath, ['-'], { input })
  expect(code, output).toBe(0)
  const { figures, checks } = JSON.parse(output)
  // 250 of a counter, 250 gauges, and 29 histograms of 14 buckets, +Inf, a sum and a count.
  expect(checks).toEqual({ equal: true, samples: 993 })
  for (const key of ['copy.unchanged_1000_ms', 'copy.gauges_ms', 'copy.summaries_ms']) {
    expect(figures[key]).toMatchObject({ reach: '<= 1', met: expect.any(Boolean) })
  }
  for (const key of ['copy.busy_percent', 'copy.busy_tenth_percent', 'copy.busy_none_percent']) {
    expect(figures[key]).toMatchObject({ unit: '%', reach: '<= 1', met: expect.any(Boolean) })
  }
  for (const key of ['copy.counting_ns', 'copy.counting_copied_ns']) expect(figures[key].value).toBeGreaterThan(0)
  expect(figures['copy.idle_wakes']).toMatchObject({ reach: '<= 0.5' })
  for (const kind of ['counters', 'gauges', 'histograms', 'summaries']) {
    expect(figures[`copy.${kind}_ms`].value).toBeGreaterThan(0)
  }
}, 120_000)
