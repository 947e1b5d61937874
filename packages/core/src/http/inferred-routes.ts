import { OTHER } from './labels.ts'
import { shapeOf } from './path-shape.ts'
import { TemplateTree } from './template-tree.ts'
import { pathOf } from './url-path.ts'

/**
 * Routes where no framework reports any: the option `routes: 'inferred'`. Templates are learnt from the paths of
 * successful answers, and bounded by construction.
 *
 * - The shape of a path comes first: a segment that looks like a number, a UUID, a hash, a date or another identifier
 *   is a placeholder (`path-shape.ts`). That is a pure function, the same in each process.
 * - What is left are words. They are kept in a tree of bounded width (`template-tree.ts`): a position with too many
 *   different words becomes `:value`. The result depends on the set of paths that were learnt and not on their order,
 *   so workers that serve the same traffic come to the same templates, before and after a restart.
 * - The number of templates is bounded; the paths of further ones are `_other`. Only that depends on the order.
 * - Only success teaches: 2xx, 304 and 101. Redirects do not, since a program may redirect each path to its login page;
 *   answers to OPTIONS do not, since CORS middleware answers it for each path. A known template also names answers of
 *   other statuses. An unknown path keeps the route that it had.
 *
 * Paths that were seen are kept in a small cache. It is emptied when it is full and when a template changes.
 */
export class InferredRoutes {
  readonly #tree = new TemplateTree()
  readonly #cache = new Map<string, string>()

  /** The template of a request; undefined where it is not known and this answer teaches nothing. Never throws. */
  routeOf(method: string | undefined, url: string, status: number): string | undefined {
    const path = pathOf(url)
    const known = this.#cache.get(path)
    if (known !== undefined) return known
    const shape = shapeOf(path)
    if (shape === undefined) return undefined
    let template = this.#tree.find(shape)
    if (template === undefined && method !== 'OPTIONS' && teaches(status)) {
      if (this.#tree.learn(shape)) this.#cache.clear()
      template = this.#tree.find(shape) ?? OTHER
    }
    if (template !== undefined && template !== OTHER && url.length <= LONGEST_REMEMBERED) this.#remember(path, template)
    return template
  }

  /** How many templates are known. */
  get size(): number {
    return this.#tree.size
  }

  #remember(path: string, template: string): void {
    if (this.#cache.size >= MOST_REMEMBERED) this.#cache.clear()
    this.#cache.set(path, template)
  }
}

/** True for the statuses that say that there is something at the path. */
function teaches(status: number): boolean {
  return (status >= 200 && status < 300) || status === 304 || status === 101
}

const MOST_REMEMBERED = 500
/** Of a whole URL: V8 keeps it as long as a part of it is kept. */
const LONGEST_REMEMBERED = 256
