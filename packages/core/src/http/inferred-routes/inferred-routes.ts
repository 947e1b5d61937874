import { OTHER } from '../labels/labels.ts'
import { shapeOf } from './path-shape.ts'
import { TemplateTree } from './template-tree.ts'
import { pathOf } from './url-path.ts'

/**
 * Routes for requests whose route no framework reports: the option `routes: 'inferred'`. Templates are learnt from the
 * paths of successful responses, and bounded by construction.
 *
 * - The shape of a path comes first: a segment that looks like a number, a UUID, a hash, a date or another identifier
 *   is a placeholder (`path-shape.ts`). That is a pure function, the same in each process.
 * - The other segments are words. They are kept in a tree of bounded width (`template-tree.ts`): a position with too
 *   many different words becomes `:value`. The result depends on the set of paths that were learnt and not on their
 *   order, so workers that serve the same traffic have the same templates, before and after a restart.
 * - The number of templates is bounded; the paths of further ones are `_other`. Only that depends on the order.
 * - Only successful responses are learnt: 2xx, 304 and 101. Redirects are not, since a program may redirect each path
 *   to its login page; responses to OPTIONS are not, since CORS middleware sends them for each path. A known template
 *   is also used for responses with other statuses. An unknown path keeps the route that it had.
 *
 * Paths that were seen are kept in a small cache. It is cleared when it is full and when a template changes.
 */
export class InferredRoutes {
  readonly #tree = new TemplateTree()
  readonly #cache = new Map<string, string>()

  /** The template of a request; undefined if it is not known and nothing is learnt from this response. Never throws. */
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

  /** The number of known templates. */
  get size(): number {
    return this.#tree.size
  }

  #remember(path: string, template: string): void {
    if (this.#cache.size >= MOST_REMEMBERED) this.#cache.clear()
    this.#cache.set(path, template)
  }
}

/** True for statuses that show that a resource exists at the path. */
function teaches(status: number): boolean {
  return (status >= 200 && status < 300) || status === 304 || status === 101
}

const MOST_REMEMBERED = 500
/** The length of the whole URL: V8 keeps it in memory as long as a part of it is kept. */
const LONGEST_REMEMBERED = 256
