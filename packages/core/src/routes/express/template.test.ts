import { expect, test } from 'vitest'
import { pathTextOf } from './mount-path.ts'
import { templateOf } from './template.ts'
import type { Layer } from './types.ts'

test.each([
  ['^\\/users(?:\\/([^/]+?))\\/?(?=\\/|$)', [':id'], '/users/:id'],
  ['^\\/users\\/(?:([^\\/]+?))\\/?(?=\\/|$)', [':id'], '/users/:id'],
  ['^\\/api\\/v1\\/?(?=\\/|$)', [], '/api/v1'],
  ['^\\/x(?:\\/([^/]+?))\\/y(?:\\/([^/]+?))\\/?(?=\\/|$)', [':a', ':b'], '/x/:a/y/:b'],
  ['^\\/a\\/?(?=\\/|$)|^\\/b\\/?(?=\\/|$)', [], '/a|/b'],
  ['^\\/f-(?:((?:(?!\\/|\\/f-).)+?))\\.json\\/?(?=\\/|$)', [':n'], '/f-:n.json'],
  ['^\\/o(?:\\/([^/]+?))?\\/?(?=\\/|$)', [':z'], '/o/:z'],
  ['^\\/re(?:\\/(\\d+))\\/?(?=\\/|$)', [':n'], '/re/:n'],
  ['^\\/a', [], '/^\\/a/i'],
  ['a|b', ['*'], '/a|b/i'],
  ['^\\/a(\\d+)|^\\/b(?:\\/([^/]+?))\\/?(?=\\/|$)', ['*', ':id'], '/^\\/a(\\d+)/|/b/:id'],
  ['^\\/[(|]|^\\/(x|y)', ['*'], '/^\\/[(|]/|/^\\/(x|y)/'],
  ['^\\/w\\/(.*)\\/?(?=\\/|$)', ['*'], '/w/*'],
])('the expression %s was created from %s', (source, names, path) => {
  expect(pathTextOf(new RegExp(source, 'i'), names)).toBe(path)
})

test('if a router exposes only the path of its last match, a template is stored only when it is known', () => {
  const [early, late] = [{ path: '/early' }, { path: '/posts/:post' }]
  const mounted: Layer = { handle: { stack: [{ route: late, handle: undefined }] } }
  const app = {
    request: {},
    response: {},
    use: () => {},
    router: { stack: [mounted, { route: early, handle: undefined }] },
  }
  expect(templateOf(early, app, '')).toBe('/early')
  const matched = Object.assign(mounted, { path: '/users/7', params: { id: '7' } })
  expect(templateOf(late, app, matched.path)).toBe('/users/:id/posts/:post')
})
