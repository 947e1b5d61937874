import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { unadaptedRouteOf } from './unadapted-route.ts'

/** A request on which a framework has left this. */
function leaving(properties: object): IncomingMessage {
  return { socket: null, ...properties } as unknown as IncomingMessage
}

test.each<[string, object, string | undefined]>([
  ['nothing', {}, '_unknown'],
  ['Next.js: a page', { match: { definition: { pathname: '/posts/[id]', filename: 'x.js' } } }, '/posts/[id]'],
  ['Next.js: no page', { match: { definition: { pathname: '/_not-found', filename: '' } } }, undefined],
  ['Next.js: a page that finds nothing', { match: undefined, invokeOutput: '/posts/[id]' }, '/posts/[id]'],
  ['Next.js: the page of an error', { invokeOutput: '/_error' }, undefined],
  ['Next.js: a file, or a redirect', { initURL: 'http://127.0.0.1/robots.txt' }, undefined],
])('%s', (name, left, route) => {
  const key = name.startsWith('Next') ? Symbol.for('NextInternalRequestMeta') : 'x'
  expect(unadaptedRouteOf(leaving({ [key]: left }))).toBe(route)
})

test.each<[string, object, string | undefined]>([
  ['moleculer-web: an alias', { $service: {}, $alias: { fullPath: '/items/:id' } }, '/items/:id'],
  [
    'moleculer-web: an action by its name',
    { $service: {}, $route: { path: '/api' }, $action: { name: 'users.list' } },
    '/api/users/list',
  ],
  ['moleculer-web: none', { $service: {}, $route: { path: '/' } }, undefined],
  ['a route of something else', { route: { path: '/x' }, app: {} }, '_unknown'],
])('%s', (_name, left, route) => {
  expect(unadaptedRouteOf(leaving(left))).toBe(route)
})
