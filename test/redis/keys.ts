/** The name of a key of ours in a group, with the default prefix. */
export function keyOf(group: string, name: string): string {
  return `{promherd:${encodeURIComponent(group)}}:${name}`
}

/** Returns a function that returns another group at each call, so that tests can share a Redis. */
export function groupsOf(prefix: string): () => string {
  let count = 0
  return () => `${prefix}:${++count}`
}
