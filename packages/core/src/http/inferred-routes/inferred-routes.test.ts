import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InferredRoutes } from './inferred-routes.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

/** A different word for each number. */
function word(i: number): string {
  return i < LETTERS.length ? `w${LETTERS[i]}` : word(Math.floor(i / LETTERS.length)) + LETTERS[i % LETTERS.length]
}

/** What each path is called once all of them were answered with success, in this order. */
function learnt(paths: readonly string[]): string[] {
  const routes = new InferredRoutes()
  for (const path of paths) routes.routeOf('GET', path, 200)
  return paths.map(path => routes.routeOf('GET', path, 200)!)
}

describe('what is learnt', () => {
  test('a success teaches a template, which then names other answers too', () => {
    const routes = new InferredRoutes()
    expect(routes.routeOf('GET', '/items/7', 404)).toBeUndefined()
    expect(routes.routeOf('GET', '/items/7', 200)).toBe('/items/:number')
    expect(routes.routeOf('GET', '/items/8?q=1', 404)).toBe('/items/:number')
    expect(routes.routeOf('GET', '/items/9#x', 500)).toBe('/items/:number')
    expect(routes.routeOf('GET', '/items', 401)).toBeUndefined()
    expect(routes.routeOf('GET', '/', 200)).toBe('/')
    expect(routes.routeOf('GET', 'http://localhost/items/3?q', 200)).toBe('/items/:number')
    expect(routes.routeOf('GET', 'http://localhost', 200)).toBe('/')
  })

  test.each([301, 302, 307, 400, 401, 403, 404, 405, 429, 499, 500, 501, 503])('a %i teaches nothing', status => {
    const routes = new InferredRoutes()
    expect(routes.routeOf('GET', '/wp-login.php', status)).toBeUndefined()
    expect(routes.routeOf('GET', '/wp-login.php', status)).toBeUndefined()
  })

  test.each([101, 200, 201, 204, 206, 304])('a %i teaches', status => {
    expect(new InferredRoutes().routeOf('GET', '/a/b', status)).toBe('/a/b')
  })

  test('an OPTIONS teaches nothing, and what is no path has no template', () => {
    const routes = new InferredRoutes()
    expect(routes.routeOf('OPTIONS', '/a', 204)).toBeUndefined()
    expect(routes.routeOf('OPTIONS', '*', 200)).toBeUndefined()
    expect(routes.routeOf('CONNECT', 'example.com:443', 200)).toBeUndefined()
  })

  test('a position with more than 40 words is :value, with all that is below', () => {
    const paths = Array.from({ length: 41 }, (_, i) => `/shops/${word(i)}/orders`)
    expect(new Set(learnt(paths.slice(0, 40))).size).toBe(40)
    expect(new Set(learnt(paths))).toEqual(new Set(['/shops/:value/orders']))
  })

  test('a page that answers every path leaves a template for each depth', () => {
    const words = Array.from({ length: 100 }, (_, i) => word(i))
    const paths = words.flatMap((one, i) => [`/${one}`, `/${one}/${words[99 - i]}`])
    expect(new Set(learnt(paths))).toEqual(new Set(['/:value', '/:value/:value']))
  })
})

describe('whatever is answered', () => {
  const segment = fc.oneof(
    fc.constantFrom('api', 'users', 'v1', '7', '2026-11-29', 'how-to-bake-bread', 'a@b.de', 'x9y8'),
    fc.nat(60).map(word),
    fc.uuid(),
  )
  const path = fc.array(segment, { maxLength: 4 }).map(segments => `/${segments.join('/')}`)

  test('what is learnt depends on the paths and not on their order, so that workers agree', () => {
    const shuffled = fc
      .array(path, { minLength: 1, maxLength: 200 })
      .chain(paths => fc.tuple(fc.constant(paths), fc.shuffledSubarray(paths, { minLength: paths.length })))
    fc.assert(
      fc.property(shuffled, ([paths, others]) => {
        const all = new Map(zip(paths, learnt(paths)))
        for (const [each, route] of zip(others, learnt(others))) expect([each, all.get(each)]).toEqual([each, route])
      }),
      { numRuns: 100 },
    )
  })

  test('a path whose template is known keeps one, and it is made of segments of the path or of placeholders', () => {
    fc.assert(
      fc.property(fc.array(path, { minLength: 1, maxLength: 100 }), paths => {
        for (const [each, route] of zip(paths, learnt(paths))) {
          const given = each.split('/').filter(Boolean)
          const named = route.split('/').filter(Boolean)
          expect(named).toHaveLength(given.length)
          for (const [i, part] of named.entries()) if (!part.startsWith(':')) expect(part).toBe(given[i])
        }
      }),
      { numRuns: 100 },
    )
  })

  test('a scan of 100,000 paths that are not found leaves nothing', () => {
    const routes = new InferredRoutes()
    routes.routeOf('GET', '/items/1', 200)
    const seen = new Set<string | undefined>()
    for (let i = 0; i < 100_000; i++) seen.add(routes.routeOf('GET', `/${hostile(i)}`, 404))
    expect([...seen]).toEqual([undefined])
  })

  test('100,000 hostile paths that are answered with success have at most 300 templates and _other', () => {
    const routes = new InferredRoutes()
    const seen = new Map<string, number>()
    for (let i = 0; i < 100_000; i++) {
      const route = routes.routeOf('GET', `/${hostile(i)}`, 200)!
      seen.set(route, (seen.get(route) ?? 0) + 1)
    }
    // Templates that were merged into others meanwhile are among those that were seen.
    expect(routes.size).toBeLessThanOrEqual(300)
    expect(seen.size).toBeLessThanOrEqual(1000)
    for (const route of seen.keys()) expect(route).toMatch(/^_other$|^\/[A-Za-z0-9._~+:*/-]*$/)
    for (const route of seen.keys()) expect(route.length).toBeLessThanOrEqual(8 * 41 + 2)
  })
})

/** Paths of a scanner: no two are the same. */
function hostile(i: number): string {
  const n = i.toString(36)
  const kinds = [
    `${word(i)}/${word(i * 7)}/${n}`,
    `${'a/'.repeat(i % 40)}${n}`,
    `wp-admin/${n}.php?${'q'.repeat(i % 100)}=${i}`,
    `${'%2e%2e/'.repeat(i % 9)}etc/${n}`,
    `${'x'.repeat(i % 4000)}${n}`,
    `${'-'.repeat(i % 60)}/${'.'.repeat(i % 60)}/${n}`,
    `${'\u{10ffff}'.repeat(i % 20)}${n}/${i}@${n}.de`,
    `${word(i % 50)}/${i}/${word(i % 45)}/${n}/${word(i % 60)}/2026-01-0${i % 9}/${word(i % 41)}`,
  ]
  return kinds[i % kinds.length]!
}

function zip(paths: readonly string[], routes: readonly string[]): [string, string][] {
  return paths.map((each, i) => [each, routes[i]!])
}
