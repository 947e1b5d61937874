import { describe, expect, it } from 'vitest'
import { digestOf } from '../../benchmarks/lib/samples.js'
import { REQUIRED_KEYS } from './required-keys.ts'
import { bench } from './running.ts'

describe('the benchmark of recording', () => {
  it('every storage exports the same numbers as prom-client, under stable keys', async () => {
    const { figures, checks } = await bench('record')
    // 240 series at most, each with 15 buckets, a sum, a count and a counter.
    expect(checks['equal']).toBe(true)
    expect(Number(checks['samples']) % 18).toBe(0)
    expect(checks['samples']).toBeGreaterThan(180 * 18)
    expect(Object.keys(figures)).toEqual(expect.arrayContaining([...REQUIRED_KEYS['record']!]))
    expect(figures['record.ns']).toMatchObject({ reach: '<= 100', met: expect.any(Boolean) })
    expect(figures['record.ratio_vs_prom_client']).toMatchObject({ reach: '<= 0.1', met: expect.any(Boolean) })
  })
})

describe('the benchmark of scraping', () => {
  it('exports the same numbers as the AggregatorRegistry of prom-client, under stable keys', async () => {
    const { figures, checks } = await bench('scrape', '--workers', '2', '--series', '30')
    // 30 series, each with 15 buckets, a sum and a count.
    expect(checks).toEqual({ equal: true, samples: 510, prom_client_timeouts: 0 })
    expect(figures['scrape.ratio_vs_prom_client']).toMatchObject({ reach: '>= 20', met: expect.any(Boolean) })
    expect(figures['scrape.primary_max_block_ms']).toMatchObject({ reach: '<= 10', met: expect.any(Boolean) })
    expect(figures['scrape.second_vs_first_ratio']).toMatchObject({ reach: '<= 0.333' })
    const takes = ['first_ms', 'second_ms', 'changed_ms', 'block_ms']
    const workers = ['worker_cpu_ms', 'worker_cpu_control_ms', 'worker_max_block_ms', 'worker_max_block_control_ms']
    for (const take of [...takes, ...workers]) {
      expect(figures[`scrape.${take}`]?.value).toBeGreaterThanOrEqual(0)
      expect(figures[`scrape.prom_client.${take}`]?.value).toBeGreaterThanOrEqual(0)
    }
  })

  it('many stores in one process give the same result as one store per process', async () => {
    const { figures, checks } = await bench('scale', '--workers', '6', '--series', '10')
    expect(checks).toEqual({ samples: 170 })
    expect(figures['scale.first_ms']).toMatchObject({ reach: '<= 3000' })
    expect(figures['scale.warm_ms']).toMatchObject({ reach: '<= 400' })
    expect(figures['scale.memory_mb']).toMatchObject({ reach: '<= 400' })
  })
})

describe('the benchmark of latency', () => {
  it('both sides respond to every request, with and without scrapes', async () => {
    const { figures, checks } = await bench('latency', '--workers', '2', '--series', '10')
    expect(checks).toMatchObject({ equal: true, scrapes: expect.any(Number), prom_client_scrapes: expect.any(Number) })
    expect(figures['scrape.p99_ms']).toMatchObject({ reach: expect.stringMatching(/^<= /), met: expect.any(Boolean) })
    expect(figures['scrape.p99_prom_client_ms']?.value).toBeGreaterThan(0)
  })
})

describe('the comparison of two expositions', () => {
  it('ignores the order of lines and labels', () => {
    const one = digestOf('a{x="1",y="2"} 3\na{x="2",y="2"} 4\n', ['a'])
    const other = digestOf('# HELP a\na{y="2",x="2"} 4.0\na{y="2",x="1"} 3\nother 5\n', ['a'])
    expect(other).toEqual(one)
    expect(one.samples).toBe(2)
  })

  it('detects a different number', () => {
    expect(digestOf('a 1\n', ['a']).digest).not.toBe(digestOf('a 2\n', ['a']).digest)
  })
})
