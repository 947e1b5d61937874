/** How many requests a variant has counted itself, read from what it exports, so that a check is of the real thing. */

/**
 * The sum of all samples called `name` in a Prometheus text, or of those that have a label as `label` writes it.
 *
 * @param {string} text
 * @param {string} name
 * @param {string} [label]
 */
export function sumOf(text, name, label = '') {
  let sum = 0
  for (const line of text.split('\n')) {
    const end = line.search(/[{ ]/)
    if (line.slice(0, end) === name && line.includes(label)) sum += Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return sum
}

/**
 * The count of a variant of ours, through the default monitor that its adapter or the preload records into: of the
 * route, since to count without one costs less.
 */
export async function countedByOurs() {
  const { defaultMonitor } = await import('@promherd/core')
  return sumOf(await defaultMonitor().metrics(), 'http_requests_total', 'route="/users/:id"')
}
