import { describe, expect, it } from 'vitest'
import { chosenFrameworks } from '../../benchmarks/request/frameworks.js'
import { bench, refused } from './running.ts'

describe('the benchmark of the preload', () => {
  it('the adapter and the preload count each request of each framework once, by its route', async () => {
    const { figures, checks, settings } = await bench('preload')
    expect(checks).toEqual({ equal: true })
    const frameworks = ['express', 'fastify', 'koa', 'hono']
    expect(settings).toEqual({
      connections: 32,
      ...Object.fromEntries(frameworks.map(framework => [`rounds_${framework}`, 1])),
    })
    expect(Object.keys(figures)).toEqual(
      frameworks.flatMap(framework => [
        `request.${framework}.preload_ratio_vs_adapter`,
        `request.${framework}.adapter_ratio_vs_itself`,
        `request.${framework}.preload_us`,
        `request.${framework}.preload_adapter_us`,
        `request.${framework}.preload_whole_us`,
        `request.${framework}.preload_adapter_whole_us`,
        `request.${framework}.preload_bare_whole_us`,
      ]),
    )
    for (const framework of frameworks) {
      const { value, reach, met } = figures[`request.${framework}.preload_ratio_vs_adapter`]!
      expect(value).toBeGreaterThan(0)
      expect(reach).toBe('<= 1.05')
      expect(met).toBe(value <= 1.05)
    }
  })

  it('measures the named framework, or all', () => {
    expect(chosenFrameworks('koa')).toEqual(['koa'])
    expect(chosenFrameworks(undefined)).toEqual(['express', 'fastify', 'koa', 'hono'])
  })

  it('rejects an unknown framework', async () => {
    const { code, stderr } = await refused('preload', '--framework', 'hapi')
    expect(code).toBe(2)
    expect(stderr).toContain('expected --framework to be one of express, fastify, koa, hono, but got `hapi`')
  })
})
