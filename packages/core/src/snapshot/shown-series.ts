import type { BlockSet } from './block-set.ts'
import type { Family } from './snapshot.ts'
import type { Steps } from './steps.ts'

/** Who knows the series of a family by their numbers. */
export interface SeriesOfFamily {
  isShown(series: number): boolean
  show(series: number, values: Float64Array, at: number): void
}

type Shown = Pick<Family, 'labels' | 'values'>

/**
 * The series that a snapshot shows, one after the other without gaps. What stood still is the same object again, and
 * what was handed out is never written to: whoever has a snapshot may keep it.
 */
export class ShownSeries {
  readonly #width: number
  #shown: Shown = { labels: [], values: new Float64Array(0) }
  /** By the number of a series: one more than the index at which it is shown; 0 where it is not. */
  #places = new Int32Array(0)

  constructor(width: number) {
    this.#width = width
  }

  /** Where a series stands in what is shown. */
  placeOf(series: number): number | undefined {
    const place = this.#places[series] ?? 0
    return place === 0 ? undefined : place - 1
  }

  /** Shows all series, of which only those in `changed` may be others than they were. */
  *update(labels: readonly (readonly string[])[], changed: BlockSet, family: SeriesOfFamily): Steps<Shown> {
    if (changed.isEmpty) return this.#shown
    if (changed.isAll || this.#isOtherwise(labels.length, changed, family)) return yield* this.#anew(labels, family)
    const values = yield* copyOf(this.#shown.values)
    for (const [, begin, end] of changed.blocks(labels.length)) {
      for (let series = begin; series < end; series++) {
        const place = this.#places[series]!
        if (place !== 0) family.show(series, values, (place - 1) * this.#width)
      }
      yield
    }
    this.#shown = { labels: this.#shown.labels, values }
    return this.#shown
  }

  /** True where a series has come into sight, or has gone. */
  #isOtherwise(size: number, changed: BlockSet, family: SeriesOfFamily): boolean {
    for (const series of changed.series(size)) {
      if (family.isShown(series) !== (this.#places[series] ?? 0) > 0) return true
    }
    return false
  }

  *#anew(known: readonly (readonly string[])[], family: SeriesOfFamily): Steps<Shown> {
    const width = this.#width
    const labels: (readonly string[])[] = []
    const values = new Float64Array(known.length * width)
    this.#places = new Int32Array(known.length)
    for (let series = 0; series < known.length; series++) {
      if (series % SERIES_A_STEP === SERIES_A_STEP - 1) yield
      if (!family.isShown(series)) continue
      family.show(series, values, labels.length * width)
      labels.push(known[series]!)
      this.#places[series] = labels.length
    }
    this.#shown = { labels, values: values.subarray(0, labels.length * width) }
    return this.#shown
  }
}

/** A copy that is made a piece at a time: to touch so much new memory at once takes milliseconds. */
function* copyOf(values: Float64Array): Steps<Float64Array> {
  const copy = new Float64Array(values.length)
  for (let begin = 0; begin < values.length; begin += NUMBERS_A_STEP) {
    if (begin > 0) yield
    copy.set(values.subarray(begin, begin + NUMBERS_A_STEP), begin)
  }
  return copy
}

/** 64 KiB. */
const NUMBERS_A_STEP = 2 ** 13

/** Histograms with 15 buckets take some 20 µs, and ten times that before the code is compiled. */
const SERIES_A_STEP = 512
