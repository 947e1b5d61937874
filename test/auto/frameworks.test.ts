import { expect, test } from 'vitest'
import { add, FIRST_FRAMEWORKS, FRAMEWORK_FIXTURES, type Saying, SECOND_FRAMEWORKS } from './framework-fixtures.ts'
import { errorsOf, startPreloaded } from './preloaded.ts'

/** Where the framework names the parameter itself. */
const ID = '/:__id'
const FEATHERS: Saying = { item: `/items${ID}`, post: `/users/:id/posts${ID}`, thrown: 'exception' }
const FIXTURES = new Map([...FRAMEWORK_FIXTURES, ['feathers-koa.mjs', FEATHERS] as const])

const GROUPS = [
  FIRST_FRAMEWORKS.map(name => `${name}.mjs`),
  FIRST_FRAMEWORKS.map(name => `${name}.cjs`),
  [...SECOND_FRAMEWORKS.map(name => `${name}.mjs`), 'feathers-koa.mjs'],
  SECOND_FRAMEWORKS.map(name => `${name}.cjs`),
]

test('each framework is part of one of the programs', () => {
  expect(GROUPS.flat().sort()).toEqual([...FIXTURES.keys()].sort())
})

test.each(GROUPS.map(files => [files.join(', '), files] as const))(
  'each of %s is measured from its first request on, by the templates of its routes',
  async (_, files) => {
    const app = await startPreloaded('several.mjs', { args: files })
    const ports = await app.ports(files.length)
    const requests: Record<string, number> = {}
    const errors: Record<string, number> = {}
    // One framework after the other, so that the added counts are those of one framework.
    for (const [i, file] of files.entries()) {
      const { item, post, thrown } = FIXTURES.get(file)!
      const ask = async (path: string): Promise<string> => {
        const answer = await fetch(`http://127.0.0.1:${ports[i]}${path}`)
        return `${file} ${answer.status} ${await answer.text()}`
      }
      expect(await ask('/users/7/posts/8')).toContain('post')
      expect(await ask('/items/1')).toContain('item')
      expect(await ask('/items/2?q=3')).toContain('item')
      expect(await ask('/broken')).toContain(`${file} 500 `)
      expect(await ask('/secret/4')).toContain(`${file} 404 `)
      add(requests, { [`GET ${post} 200`]: 1, [`GET ${item} 200`]: 2, 'GET /broken 500': 1, 'GET _unmatched 404': 1 })
      await app.counted(requests)
      add(errors, { [`GET /broken ${thrown}`]: 1, 'GET _unmatched not_found': 1 })
      expect([file, errorsOf(await app.scrape())]).toEqual([file, errors])
    }
  },
)
