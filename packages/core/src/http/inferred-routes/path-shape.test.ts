import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shapeOf } from './path-shape.ts'

const KINDS = [':number', ':date', ':uuid', ':hash', ':email', ':file', ':slug', ':id', ':token', ':value']

const WORD = /^[A-Za-z0-9._~+-]{1,40}$/

describe('the shape of a path', () => {
  test.each([
    ['/', []],
    ['/users', ['users']],
    ['/Users/', ['Users']],
    ['//users///all', ['users', 'all']],
    ['/api/v1/users', ['api', 'v1', 'users']],
    ['/api/v12/oauth2', ['api', 'v12', 'oauth2']],
    ['/robots.txt', ['robots.txt']],
    ['/.well-known/security.txt', ['.well-known', 'security.txt']],
    ['/sign-in', ['sign-in']],
    ['/users/7', ['users', ':number']],
    ['/users/-7.5', ['users', ':number']],
    ['/posts/2026-11-29', ['posts', ':date']],
    ['/posts/2026-11-29T08:00:00.000Z', ['posts', ':date']],
    ['/posts/018f4e9a-7a2b-7c3d-9e4f-0123456789ab', ['posts', ':uuid']],
    ['/posts/018F4E9A-7A2B-7C3D-9E4F-0123456789AB', ['posts', ':uuid']],
    ['/posts/507f1f77bcf86cd799439011', ['posts', ':hash']],
    ['/blobs/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', ['blobs', ':hash']],
    ['/posts/01ARZ3NDEKTSV4RRFFQ69G5FAV', ['posts', ':id']],
    ['/orders/ord_4fK29', ['orders', ':id']],
    ['/objects/urn:isbn:x', ['objects', ':id']],
    ['/users/jane@example.com', ['users', ':email']],
    ['/users/jane%40example.com', ['users', ':email']],
    ['/assets/main-4f3a2b1c.js', ['assets', ':file']],
    ['/posts/how-to-bake-bread', ['posts', ':slug']],
    ['/reset/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0', ['reset', ':token']],
    ['/tags/%C3%BCber', ['tags', ':value']],
    ['/tags/über', ['tags', ':value']],
    ['/q/a=b;c', ['q', ':value']],
    ['/:value/*', [':id', ':value']],
    ['/1/2/3/4/5/6/7/8/9/10', [...Array<string>(8).fill(':number'), '*']],
  ])('%s', (path, shape) => {
    expect(shapeOf(path)).toEqual(shape)
  })

  test.each(['*', 'example.com:443', ''])('%j is no path', path => {
    expect(shapeOf(path)).toBeUndefined()
  })

  test('whatever a client sends, a segment is a short word or one of the kinds, and the shape is short', () => {
    const codes = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 100 })
    const path = fc.oneof(
      fc.string({ maxLength: 100 }),
      codes.map(units => String.fromCharCode(...units)),
    )
    const isExpected = (segment: string): boolean => KINDS.includes(segment) || segment === '*' || WORD.test(segment)
    fc.assert(
      fc.property(path, text => {
        const shape = shapeOf(`/${text}`)!
        return shape.length <= 9 && shape.every(isExpected)
      }),
      { numRuns: 500 },
    )
  })

  test('a UUID, a number and a ULID are recognised by their shape, whatever their value', () => {
    const kindOf = (text: string): string => shapeOf(`/x/${text}`)![1]!
    const are = (identifiers: fc.Arbitrary<string>, kinds: readonly string[]): void =>
      fc.assert(fc.property(identifiers, text => void expect(kinds).toContain(kindOf(text))))
    are(fc.uuid(), [':uuid'])
    are(fc.maxSafeNat().map(String), [':number'])
    // One without letters, or without letters beyond F, looks like a kind that is recognised earlier.
    are(fc.ulid(), [':id', ':hash', ':number'])
  })
})
