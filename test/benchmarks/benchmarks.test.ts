import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { digestOf } from '../../benchmarks/lib/samples.js'

const RUN = fileURLToPath(new URL('../../benchmarks/run.js', import.meta.url))

interface Report {
  benchmark: string
  figures: Record<string, { value: number; reach?: string; met?: boolean }>
  checks: { equal?: boolean; samples: number; prom_client_timeouts?: number }
}

async function bench(...args: string[]): Promise<Report> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, ...args, '--quick', '--json'])
  return JSON.parse(stdout)
}

/** Runs what should be refused, and answers how. */
async function refused(...args: string[]): Promise<{ code: number; stderr: string }> {
  return promisify(execFile)(process.execPath, [RUN, ...args]).then(
    () => ({ code: 0, stderr: '' }),
    ({ code, stderr }) => ({ code, stderr }),
  )
}

describe('the benchmark of recording', () => {
  it('exports the same numbers from every slab as from prom-client, under stable keys', async () => {
    const { figures, checks } = await bench('record')
    // 240 series at most, each with 15 buckets, a sum, a count and a counter.
    expect(checks.equal).toBe(true)
    expect(checks.samples % 18).toBe(0)
    expect(checks.samples).toBeGreaterThan(180 * 18)
    expect(Object.keys(figures)).toEqual(
      expect.arrayContaining(['record.ns', 'record.ratio_vs_prom_client', 'record.prom_client_ns', 'record.clock_ns']),
    )
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

  it('reads many stores of one process as it reads one of each', async () => {
    const { figures, checks } = await bench('scale', '--workers', '6', '--series', '10')
    expect(checks).toEqual({ samples: 170 })
    expect(figures['scale.first_ms']).toMatchObject({ reach: '<= 3000' })
    expect(figures['scale.warm_ms']).toMatchObject({ reach: '<= 400' })
    expect(figures['scale.memory_mb']).toMatchObject({ reach: '<= 400' })
  })
})

describe('the benchmark of latency', () => {
  it('has every request answered, scraped or not, by both sides', async () => {
    const { figures, checks } = await bench('latency', '--workers', '2', '--series', '10')
    expect(checks).toMatchObject({ equal: true, scrapes: expect.any(Number), prom_client_scrapes: expect.any(Number) })
    expect(figures['scrape.p99_ms']).toMatchObject({ reach: expect.stringMatching(/^<= /), met: expect.any(Boolean) })
    expect(figures['scrape.p99_prom_client_ms']?.value).toBeGreaterThan(0)
  })
})

describe('the command', () => {
  it('refuses a benchmark that it does not know, and names those that it does', async () => {
    const { code, stderr } = await refused('scrub')
    expect(code).toBe(2)
    expect(stderr).toContain(
      'expected one benchmark, but got `scrub`. usage: bench <record|scrape|scale|latency|request>',
    )
  })

  it('refuses a size that is none', async () => {
    const { code, stderr } = await refused('scrape', '--series', '1.5')
    expect(code).toBe(2)
    expect(stderr).toContain('expected --series to be a whole number from 1 to 1000000, but got `1.5`')
  })
})

describe('the comparison of two expositions', () => {
  it('sees neither the order of lines nor that of labels', () => {
    const one = digestOf('a{x="1",y="2"} 3\na{x="2",y="2"} 4\n', ['a'])
    const other = digestOf('# HELP a\na{y="2",x="2"} 4.0\na{y="2",x="1"} 3\nother 5\n', ['a'])
    expect(other).toEqual(one)
    expect(one.samples).toBe(2)
  })

  it('sees another number', () => {
    expect(digestOf('a 1\n', ['a']).digest).not.toBe(digestOf('a 2\n', ['a']).digest)
  })
})
