import { expect, test } from 'vitest'
import { FRAMEWORK_FIXTURES } from './framework-fixtures.ts'
import { errorsOf, startPreloaded } from './preloaded.ts'

const ID = '/:__id'
/** Where the framework names the parameter itself. */
const FEATHERS = { item: `/items${ID}`, post: `/users/:id/posts${ID}`, thrown: 'exception' } as const

test.each([...FRAMEWORK_FIXTURES, ['feathers-koa.mjs', FEATHERS] as const])(
  '%s is measured from its first request on, by the templates of its routes',
  async (fixture, { item, post, thrown }) => {
    const app = await startPreloaded(fixture)
    expect(await app.ask('/users/7/posts/8')).toContain('post')
    expect(await app.ask('/items/1')).toContain('item')
    expect(await app.ask('/items/2?q=3')).toContain('item')
    expect(await app.ask('/broken')).toMatch(/^500 /)
    expect(await app.ask('/secret/4')).toMatch(/^404 /)
    await app.counted({
      [`GET ${post} 200`]: 1,
      [`GET ${item} 200`]: 2,
      'GET /broken 500': 1,
      'GET _unmatched 404': 1,
    })
    expect(errorsOf(await app.scrape())).toEqual({ [`GET /broken ${thrown}`]: 1, 'GET _unmatched not_found': 1 })
  },
)
