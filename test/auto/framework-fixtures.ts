/** The properties of a framework: the notation of its templates, and the category of an error without a status. */
export interface Saying {
  readonly item: string
  readonly post: string
  readonly thrown: 'exception' | 'server_error'
}

const COLON: Saying = { item: '/items/:id', post: '/users/:id/posts/:post', thrown: 'exception' }
const BRACES: Saying = { item: '/items/{id}', post: '/users/{id}/posts/{post}', thrown: 'exception' }
// They respond to thrown errors themselves and do not report them.
const SILENT: Saying = { ...COLON, thrown: 'server_error' }

/** The same application on each framework, as a module and in CommonJS. */
export const FRAMEWORK_FIXTURES: readonly (readonly [file: string, says: Saying])[] = (
  [
    ['express-5', COLON],
    ['express-4', COLON],
    ['fastify', COLON],
    ['koa', COLON],
    ['hono', COLON],
    ['hapi', BRACES],
    ['restify', SILENT],
    ['polka', SILENT],
    ['h3', SILENT],
    ['nest-express', COLON],
    ['nest-fastify', COLON],
  ] as const
).flatMap(([name, says]) => [[`${name}.mjs`, says] as const, [`${name}.cjs`, says] as const])

/** Frameworks of one program: none of them loads another one, or replaces a global that another one uses. */
export const FIRST_FRAMEWORKS = ['express-5', 'fastify', 'koa', 'hono', 'hapi', 'restify', 'polka'] as const
export const SECOND_FRAMEWORKS = ['nest-express', 'nest-fastify', 'express-4', 'h3'] as const

/** Adds counts to others, by their keys. */
export function add(counts: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [key, count] of Object.entries(more)) counts[key] = (counts[key] ?? 0) + count
}
