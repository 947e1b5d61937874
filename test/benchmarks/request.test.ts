import { expect, it } from 'vitest'
import { bench, refused } from './running.ts'

const PEERS = {
  express: ['express_prom_bundle', 'promster_express'],
  fastify: ['fastify_metrics', 'promster_fastify'],
  koa: ['prometheus_api_metrics'],
  hono: ['hono_prometheus'],
}

it('in the benchmark `request` every middleware of each framework counts each request once', async () => {
  const { figures, checks } = await bench('request')
  expect(checks).toEqual({ equal: true })
  expect(Object.keys(figures)).toEqual(
    Object.entries(PEERS).flatMap(([framework, peers]) => {
      const key = `request.${framework}`
      const all = ['bare', 'noop', 'timed', 'ours', 'plain', ...peers]
      return [
        `${key}.added_us`,
        `${key}.ratio_vs_best_peer`,
        `${key}.ratio_vs_by_hand`,
        ...all.map(name => `${key}.${name}_us`),
        // A variant that counts in memory counts over a socket too: one framework shows that all variants run there.
        ...(framework === 'koa' ? all.map(name => `${key}.socket.${name}_us`) : []),
      ]
    }),
  )
  for (const framework of Object.keys(PEERS)) {
    expect(figures[`request.${framework}.added_us`]).toMatchObject({ reach: '<= 1.5', met: expect.any(Boolean) })
    const ratio = figures[`request.${framework}.ratio_vs_best_peer`]
    expect(ratio).toMatchObject({ reach: '<= 0.2', met: expect.any(Boolean) })
  }
}, 120_000)

it('the benchmark `request` rejects an unknown framework, and names the known ones', async () => {
  const { code, stderr } = await refused('request', '--framework', 'hapi')
  expect(code).toBe(2)
  expect(stderr).toContain('expected --framework to be one of express, fastify, koa, hono, but got `hapi`')
})
