import { within } from '../base/within.ts'
import { collectNow, readKept } from './kept.ts'
import { Origin, type RegistryView } from './origin.ts'
import {
  defaultLabelsOf,
  EXPOSED,
  isMetric,
  isOpenMetrics,
  type PromMetric,
  type PromReading,
  type PromRegistry,
} from './registry.ts'
import { standstillOf, stoodStill } from './standstill.ts'

/** Called with the reason why an origin provides nothing new; with undefined once it has answered again. */
export type OnFailure = (origin: Origin, failure: string | undefined) => void

/** Lists the contents of registries, and requests the numbers that cannot be read synchronously. */
export class RegistryReader {
  readonly #deadlineMs: number
  readonly #onFailure: OnFailure
  readonly #origins = new WeakMap<object, Origin>()
  #rounds = 0

  constructor(deadlineMs: number, onFailure: OnFailure) {
    this.#deadlineMs = deadlineMs
    this.#onFailure = onFailure
  }

  /** The number of times that registries were listed. */
  get rounds(): number {
    return this.#rounds
  }

  /**
   * Lists the metrics of registries, each once, in the order of their registration. A registry that fails while it is
   * listed, or has no list, is listed as a whole.
   */
  list(registries: readonly PromRegistry[]): readonly Origin[] {
    this.#rounds++
    const found: Origin[] = []
    for (const registry of registries) {
      const view = viewOf(registry)
      const count = found.length
      try {
        if (registry.getMetricsAsArray === undefined) this.#add(found, registry, undefined, view)
        else for (const metric of registry.getMetricsAsArray()) this.#addMetric(found, metric, view)
        if (registry.getMetricsAsArray !== undefined) this.#listed(registry)
      } catch (error) {
        found.length = count
        const whole = this.#originOf(registry, undefined, view)
        whole.begin(this.#rounds, view, undefined)
        this.#onFailure(whole, `failed: ${String(error)}`)
      }
    }
    return found
  }

  /** True if a registry was listed as a whole in this round, or failed in it. */
  isWhole(registry: object): boolean {
    return this.#origins.get(registry)?.round === this.#rounds
  }

  /**
   * Requests all numbers that must be requested. Resolves when all requests were answered, or after the deadline. An
   * origin that has missed the deadline once gets only `GRACE_MS` until it has answered; a late answer is copied when
   * it arrives. Never rejects.
   *
   * Requests are made in the order of registration, since the `collect()` of one metric may set later metrics.
   */
  async ask(registries: readonly PromRegistry[]): Promise<void> {
    const deadline = { isOver: false }
    const waiting: Promise<void>[] = []
    const graced: Promise<void>[] = []
    const questions: [origin: Origin, question: number][] = []
    for (const origin of this.list(registries)) {
      const read = questionFor(origin)
      if (read === undefined) continue
      const answer = this.#hear(origin, read, deadline)
      questions.push([origin, origin.asked])
      if (origin.isSlow) graced.push(answer)
      else waiting.push(answer)
    }
    await Promise.all([settled(waiting, this.#deadlineMs), settled(graced, Math.min(GRACE_MS, this.#deadlineMs))])
    deadline.isOver = true
    for (const [origin, question] of questions) {
      if (origin.answered >= question) continue
      origin.isSlow = true
      this.#onFailure(origin, `did not answer within ${this.#deadlineMs} ms`)
    }
  }

  /**
   * Runs the collect functions of metrics at an exit, as far as that is possible synchronously: from then on their kept
   * data is read.
   */
  collectNow(registries: readonly PromRegistry[]): void {
    for (const origin of this.list(registries)) {
      const { metric, asked, answered } = origin
      // A metric with a pending request may be in the middle of collecting.
      origin.isCollected = metric !== undefined && asked === answered && collectNow(metric)
    }
  }

  async #hear(
    origin: Origin,
    read: () => Promise<readonly PromReading[]>,
    deadline: { readonly isOver: boolean },
  ): Promise<void> {
    const question = ++origin.asked
    let answer: readonly PromReading[] | undefined
    let failure: string | undefined
    try {
      answer = await read()
    } catch (error) {
      failure = `failed: ${String(error)}`
    }
    // A later request was answered first.
    if (question < origin.answered) return
    origin.answered = question
    origin.isSlow = false
    if (answer !== undefined) origin.answer = answer
    if (!deadline.isOver) this.#onFailure(origin, failure)
  }

  #addMetric(found: Origin[], metric: object, view: RegistryView): void {
    if (!(EXPOSED in metric) && isMetric(metric)) this.#add(found, metric, metric, view)
  }

  #add(found: Origin[], key: object, metric: PromMetric | undefined, view: RegistryView): void {
    const origin = this.#originOf(key, metric, view)
    // It is also in another registry.
    if (origin.round === this.#rounds) return
    origin.begin(this.#rounds, view, metric === undefined ? undefined : String(metric.name))
    found.push(origin)
  }

  #listed(registry: PromRegistry): void {
    const whole = this.#origins.get(registry)
    if (whole !== undefined) this.#onFailure(whole, undefined)
  }

  #originOf(key: object, metric: PromMetric | undefined, view: RegistryView): Origin {
    let origin = this.#origins.get(key)
    if (origin === undefined) {
      origin = new Origin(metric, view)
      this.#origins.set(key, origin)
    }
    return origin
  }
}

/** The time for an origin that missed the deadline before: enough for one that answers at once. */
const GRACE_MS = 20

function viewOf(registry: PromRegistry): RegistryView {
  return { registry, defaults: defaultLabelsOf(registry), isOpenMetrics: isOpenMetrics(registry) }
}

/** Returns a function that requests an origin's numbers; undefined if nothing must be requested. */
function questionFor(origin: Origin): (() => Promise<readonly PromReading[]>) | undefined {
  const { metric } = origin
  if (metric === undefined) return () => readWhole(origin.view.registry)
  const kept = readKept(metric)
  // The method for prom-client's own rendering: the same numbers without a copy of the labels for each bucket.
  if (kept === undefined) return async () => [await (metric.getForPromString?.() ?? metric.get())]
  return kept.type === 'summary' ? () => readQuantiles(origin, metric) : undefined
}

async function readWhole(registry: PromRegistry): Promise<readonly PromReading[]> {
  return (await registry.getMetricsAsJSON()).filter(each => !(EXPOSED in each)) as unknown as readonly PromReading[]
}

/**
 * Computing quantiles costs more than everything else, so a summary is requested only if its quantiles may have
 * changed.
 */
async function readQuantiles(origin: Origin, metric: PromMetric): Promise<readonly PromReading[]> {
  const { quantiles } = origin
  if (quantiles !== undefined && isStill(metric, quantiles.standstill)) return quantiles.answer
  const asked = metric.get()
  // Everything is computed at this point; only the promise is not resolved yet.
  const standstill = standstillOf(metric)
  const answer = [await asked]
  origin.quantiles = standstill === undefined ? undefined : { answer, standstill }
  return answer
}

function isStill(metric: PromMetric, standstill: Parameters<typeof stoodStill>[1]): boolean {
  try {
    return stoodStill(metric, standstill)
  } catch {
    return false
  }
}

/** If there is nothing to wait for, no timer is created. */
async function settled(answers: readonly Promise<void>[], deadlineMs: number): Promise<void> {
  if (answers.length > 0) await within(deadlineMs, Promise.all(answers))
}
