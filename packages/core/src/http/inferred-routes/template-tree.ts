/**
 * A tree of templates, with one branch for each segment. Its width is bounded: a position with too many different
 * branches has only one, `:value`, into which all others are merged, with their own branches. A merge depends only on
 * which segments were seen and is never reverted, so the tree is a function of the set of shapes, in any order.
 */
export class TemplateTree {
  readonly #root = new Node()
  #size = 0

  /** The number of templates. */
  get size(): number {
    return this.#size
  }

  /** The template of a shape; undefined if it was not learnt. */
  find(shape: readonly string[]): string | undefined {
    let node: Node | undefined = this.#root
    for (const segment of shape) {
      node = node.branches.get(node.isMerged ? ANY : segment)
      if (node === undefined) return undefined
    }
    return node.template
  }

  /** Adds a shape, unless the tree is full. Returns true if known templates have changed. */
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

/** One position in templates, after the segments that lead to it. */
class Node {
  readonly branches: Map<string, Node> = new Map()
  /** True if a template ends here. */
  isEnd = false
  /** True if its only branch is `:value`. */
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

/** Merges the branches of each node that has too many. Returns whether there was one. */
function mergeAll(node: Node): boolean {
  let hasMerged = false
  if (!node.isMerged && isTooWide(node)) {
    merge(node)
    hasMerged = true
  }
  for (const branch of node.branches.values()) hasMerged = mergeAll(branch) || hasMerged
  return hasMerged
}

/** Merges all branches into one. */
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

/** Adds all branches below `source` to `target`. */
function absorb(target: Node, source: Node): void {
  target.isEnd ||= source.isEnd
  if (source.isMerged && !target.isMerged) merge(target)
  for (const [segment, branch] of source.branches) absorb(branchOf(target, segment), branch)
}

/** Sets the template of each end. Returns the number of templates. */
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
