import { expect, test } from 'vitest'
import { Numbers } from '../snapshot/numbers.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { Renderer, type Rendering } from './renderer.ts'

const LABELS = Array.from({ length: 2000 }, (_, i) => [`/route/${i}`])

/** A renderer of a gauge with many series, which says something else each time. */
function rendererOfNews(): Renderer {
  let count = 0
  const snapshot = async (): Promise<Snapshot> => {
    count++
    const values = Numbers.from(LABELS.map(() => count))
    const family = {
      name: 'g',
      type: 'gauge' as const,
      help: 'G.',
      labelNames: ['route'],
      buckets: [],
      aggregator: 'sum' as const,
    }
    return { takenAt: count, herd: 'h', startedAt: 0, families: [{ ...family, labels: LABELS, values }] }
  }
  return new Renderer({ snapshot }, async () => {})
}

const numberIn = ({ text }: Rendering): string => {
  const numbers = Buffer.concat(text.pieces)
    .toString()
    .matchAll(/^g\S+ (.*)$/gm)
  return [...new Set([...numbers].map(match => match[1]))].join()
}

const memoryOf = ({ text }: Rendering): ArrayBufferLike => text.pieces.at(-1)!.buffer

test('concurrent requests share a rendering, which stays unchanged until the last of them has left it', async () => {
  const renderer = rendererOfNews()
  const [one, other] = await Promise.all([renderer.render('text'), renderer.render('text')])
  expect(other).toBe(one)
  const memories = [memoryOf(one)]
  for (const left of ['by none', 'by one', 'by both']) {
    if (left !== 'by none') one.leave()
    const next = await renderer.render('text')
    if (left === 'by both') expect(memories).toContain(memoryOf(next))
    else {
      expect(memories).not.toContain(memoryOf(next))
      expect(numberIn(one)).toBe('1')
    }
    memories.push(memoryOf(next))
    next.leave()
  }
})

test('each format has memory of its own', async () => {
  const renderer = rendererOfNews()
  const text = await renderer.render('text')
  text.leave()
  const openMetrics = await renderer.render('openmetrics')
  expect(numberIn(text)).toBe('1')
  expect(numberIn(openMetrics)).toBe('2')
})
