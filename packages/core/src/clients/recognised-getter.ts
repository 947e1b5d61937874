import type { PromMetric } from './registry.ts'

/**
 * Recognises metrics whose `get()` returns the numbers of their own fields, so that the fields can be read instead. The
 * structure of the class decides, not its version or source text: docs/decisions/27-recognised-getters.md.
 *
 * True if the class that implements counting also implements `get()`, as a method. If a subclass overrides `get()`, an
 * instance has a spy, or a function was assigned to the prototype, `get()` must be called. Throws if the metric has an
 * accessor that throws.
 */
export function hasRecognisedGetter(metric: PromMetric): boolean {
  const prototype: object = Object.getPrototypeOf(metric)
  const known = CLASSES.get(prototype)
  if (known !== undefined && known.get === metric.get && known.getForPromString === metric.getForPromString) {
    return known.isRecognised
  }
  const owner = ownerOf(metric, 'get')
  const isRecognised =
    owner !== metric &&
    metric.get.name === 'get' &&
    COUNTING.every(name => Object.hasOwn(owner, name)) &&
    (metric.getForPromString === undefined || ownerOf(metric, 'getForPromString') === owner)
  if (owner !== metric) {
    CLASSES.set(prototype, { get: metric.get, getForPromString: metric.getForPromString, isRecognised })
  }
  return isRecognised
}

interface Getters {
  readonly get: unknown
  readonly getForPromString: unknown
  readonly isRecognised: boolean
}

/** The result for each prototype, valid for these two getters. */
const CLASSES = new WeakMap<object, Getters>()
const COUNTING = ['labels', 'remove', 'reset'] as const

function ownerOf(metric: object, name: string): object {
  let owner = metric
  while (!Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner)
  return owner
}
