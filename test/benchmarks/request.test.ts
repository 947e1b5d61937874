import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const RUN = fileURLToPath(new URL('../../benchmarks/run.js', import.meta.url))

describe('the benchmark of requests', () => {
  it.each([
    ['express', 'in memory', ['express_prom_bundle', 'promster_express']],
    ['fastify', 'in memory', ['fastify_metrics', 'promster_fastify']],
    ['koa', 'in memory and over a socket', ['prometheus_api_metrics']],
    ['hono', 'in memory', ['hono_prometheus']],
  ])(
    'sees every middleware of %s count each request once, %s',
    async (framework, _where, peers) => {
      const args = [RUN, 'request', '--quick', '--json', '--framework', framework]
      const { stdout } = await promisify(execFile)(process.execPath, args)
      const { figures, checks } = JSON.parse(stdout)
      expect(checks).toEqual({ equal: true })
      const key = `request.${framework}`
      const all = ['bare', 'noop', 'timed', 'ours', 'plain', ...peers]
      expect(Object.keys(figures)).toEqual([
        `${key}.added_us`,
        `${key}.ratio_vs_best_peer`,
        `${key}.ratio_vs_by_hand`,
        ...all.map(name => `${key}.${name}_us`),
        // What counts in memory counts over a socket: one framework shows that the benchmark asks all variants there.
        ...(framework === 'koa' ? all.map(name => `${key}.socket.${name}_us`) : []),
      ])
      expect(figures[`${key}.added_us`]).toMatchObject({ reach: '<= 1.5', met: expect.any(Boolean) })
      expect(figures[`${key}.ratio_vs_best_peer`]).toMatchObject({ reach: '<= 0.2', met: expect.any(Boolean) })
    },
    120_000,
  )

  it('refuses a framework that it does not know, and names those that it does', async () => {
    const run = promisify(execFile)(process.execPath, [RUN, 'request', '--framework', 'hapi'])
    await expect(run).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected --framework to be one of express, fastify, koa, hono, but got `hapi`'),
    })
  })
})
