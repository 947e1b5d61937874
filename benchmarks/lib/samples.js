import { createHash } from 'node:crypto'

/**
 * What an exposition says of the named families, in a form that does not depend on the order of lines or labels: two
 * sides that count the same have the same digest.
 * @param {string} text
 * @param {readonly string[]} families
 * @returns {{ samples: number, digest: string }}
 */
export function digestOf(text, families) {
  const lines = []
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name, labels = '', value] = /^([^{ ]+)(?:\{(.*)\})? (.+)$/.exec(line)
    if (!families.some(family => name === family || PARTS.some(part => name === family + part))) continue
    const sorted = [...labels.matchAll(/\w+="(?:[^"\\]|\\.)*"/g)].map(([label]) => label).sort()
    lines.push(`${name}{${sorted.join()}} ${Number(value)}`)
  }
  lines.sort()
  return { samples: lines.length, digest: createHash('sha256').update(lines.join('\n')).digest('hex') }
}

const PARTS = ['_bucket', '_sum', '_count']
