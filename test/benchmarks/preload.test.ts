import { describe, expect, it } from 'vitest'
import { bench, refused } from './running.ts'

describe('the benchmark of the preload', () => {
  it.each(['express', 'fastify', 'koa', 'hono'])(
    'sees the adapter and the preload count each request of %s once, by its route',
    async framework => {
      const { figures, checks, settings } = await bench('preload', '--framework', framework)
      expect(checks).toEqual({ equal: true })
      expect(settings).toEqual({ connections: 32, [`rounds_${framework}`]: 1 })
      const key = `request.${framework}`
      expect(Object.keys(figures)).toEqual([
        `${key}.preload_ratio_vs_adapter`,
        `${key}.adapter_ratio_vs_itself`,
        `${key}.preload_us`,
        `${key}.preload_adapter_us`,
        `${key}.preload_whole_us`,
        `${key}.preload_adapter_whole_us`,
        `${key}.preload_bare_whole_us`,
      ])
      const { value, reach, met } = figures[`${key}.preload_ratio_vs_adapter`]!
      expect(value).toBeGreaterThan(0)
      expect(reach).toBe('<= 1.05')
      expect(met).toBe(value <= 1.05)
    },
  )

  it('refuses a framework that it does not know', async () => {
    const { code, stderr } = await refused('preload', '--framework', 'hapi')
    expect(code).toBe(2)
    expect(stderr).toContain('expected --framework to be one of express, fastify, koa, hono, but got `hapi`')
  })
})
