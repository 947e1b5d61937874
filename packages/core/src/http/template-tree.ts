/**
 * A tree of templates, a branch for each segment. Its width is bounded: a position with too many different branches has
 * one, `:value`, that takes in all others, their own branches among them. Since that is decided by which segments were
 * seen and never taken back, the tree is a function of the set of shapes that it was given, in any order.
 */
export class TemplateTree {
  readonly #root = new Node()
  #size = 0

  /** How many templates there are. */
  get size(): number {
    return this.#size
  }

  /** The template of a shape; undefined where it was not learnt. */
  find(shape: readonly string[]): string | undefined {
    let node: Node | undefined = this.#root
    for (const segment of shape) {
      node = node.branches.get(node.isMerged ? ANY : segment)
      if (node === undefined) return undefined
    }
    return node.template
  }

  /** Adds a shape, unless the tree is full. True where templates that were known have changed by it. */
  learn(shape: readonly string[]): boolean {
    if (this.#size >= MOST_TEMPLATES) return false
    let node = this.#root
    for (const segment of shape) node = branchOf(node, segment)
    node.isEnd = true
    const hasMerged = mergeAll(this.#root)
    this.#size = nameAll(this.#root, '')
    return hasMerged
  }
}

/** One position of templates, behind the segments that lead to it. */
class Node {
  readonly branches: Map<string, Node> = new Map()
  /** A template ends here. */
  isEnd = false
  /** Its only branch is `:value`. */
  isMerged = false
  template: string | undefined = undefined
}

function branchOf(node: Node, segment: string): Node {
  const key = node.isMerged ? ANY : segment
  let branch = node.branches.get(key)
  if (branch === undefined) {
    branch = new Node()
    node.branches.set(key, branch)
  }
  return branch
}

/** Merges the branches of each node that has too many. Answers whether there was one. */
function mergeAll(node: Node): boolean {
  let hasMerged = false
  if (!node.isMerged && isTooWide(node)) {
    merge(node)
    hasMerged = true
  }
  for (const branch of node.branches.values()) hasMerged = mergeAll(branch) || hasMerged
  return hasMerged
}

/** Makes one branch of all. */
function merge(node: Node): void {
  const merged = new Node()
  for (const branch of node.branches.values()) absorb(merged, branch)
  node.branches.clear()
  node.branches.set(ANY, merged)
  node.isMerged = true
}

function isTooWide({ branches }: Node): boolean {
  let kinds = 0
  for (const segment of branches.keys()) if (segment.startsWith(':')) kinds++
  return kinds > MOST_KINDS || branches.size - kinds > MOST_WORDS
}

/** Adds to `target` all that is below `source`. */
function absorb(target: Node, source: Node): void {
  target.isEnd ||= source.isEnd
  if (source.isMerged && !target.isMerged) merge(target)
  for (const [segment, branch] of source.branches) absorb(branchOf(target, segment), branch)
}

/** Gives each end its template. Answers how many there are. */
function nameAll(node: Node, prefix: string): number {
  node.template = node.isEnd ? prefix || '/' : undefined
  let ends = node.isEnd ? 1 : 0
  for (const [segment, branch] of node.branches) ends += nameAll(branch, `${prefix}/${segment}`)
  return ends
}

/** Any segment. */
const ANY = ':value'

const MOST_WORDS = 40
const MOST_KINDS = 4
const MOST_TEMPLATES = 300
