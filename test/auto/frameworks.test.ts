import { expect, test } from 'vitest'
import { errorsOf, startPreloaded } from './preloaded.ts'

/** What stands for parameters in the templates of a framework, and what it calls a failure that nobody gave a status. */
const COLON = { item: '/items/:id', post: '/users/:id/posts/:post', thrown: 'exception' }
const BRACES = { item: '/items/{id}', post: '/users/{id}/posts/{post}', thrown: 'exception' }
// Both answer what was thrown themselves, and say to nobody what it was.
const SILENT = { ...COLON, thrown: 'server_error' }

test.each([
  ['express-5.mjs', COLON],
  ['express-5.cjs', COLON],
  ['express-4.mjs', COLON],
  ['express-4.cjs', COLON],
  ['fastify.mjs', COLON],
  ['fastify.cjs', COLON],
  ['koa.mjs', COLON],
  ['koa.cjs', COLON],
  ['hono.mjs', COLON],
  ['hono.cjs', COLON],
  ['hapi.mjs', BRACES],
  ['hapi.cjs', BRACES],
  ['restify.mjs', SILENT],
  ['restify.cjs', SILENT],
  ['nest-express.mjs', SILENT],
  ['nest-fastify.mjs', SILENT],
])(
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
