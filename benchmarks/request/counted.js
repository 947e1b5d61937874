/** The number of requests that a variant has counted, read from its own exposition. */

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
 * The count of a variant of promherd, from the default monitor of the adapter or the preload. Only requests with the
 * route are counted, since recording without a route costs less.
 */
export async function countedByOurs() {
  const { defaultMonitor } = await import('@promherd/core')
  return sumOf(await defaultMonitor().metrics(), 'http_requests_total', 'route="/users/:id"')
}
