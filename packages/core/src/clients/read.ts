import { within } from '../within.ts'
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

/** Called with the reason why an origin brings in nothing new; with undefined once it has answered again. */
export type OnFailure = (origin: Origin, failure: string | undefined) => void

/** Lists what there is in registries, and asks for the numbers that cannot be read without a promise. */
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

  /** True where a registry as a whole was listed in this round, or failed in it. */
  isWhole(registry: object): boolean {
    return this.#origins.get(registry)?.round === this.#rounds
  }

  /**
   * Asks everything that has to be asked for its numbers. Resolves when all have answered, or after the deadline. An
   * origin that has missed the deadline once gets `GRACE_MS` until it has answered; a late answer is brought in when it
   * comes. Never rejects.
   *
   * Questions are put in the order of registration, since the `collect()` of one metric may set those after it.
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

  /** Has metrics collect at an exit, as far as that can be done synchronously: what they keep is read from then on. */
  collectNow(registries: readonly PromRegistry[]): void {
    for (const origin of this.list(registries)) {
      const { metric, asked, answered } = origin
      // One that is asked at this moment may be halfway through.
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
    // A later question has been answered before.
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
    // Another registry has it too.
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

/** How long an origin gets that has missed the deadline before: enough for one that answers at once. */
const GRACE_MS = 20

function viewOf(registry: PromRegistry): RegistryView {
  return { registry, defaults: defaultLabelsOf(registry), isOpenMetrics: isOpenMetrics(registry) }
}

/** How to get the numbers of an origin that have to be asked for; undefined where there are none. */
function questionFor(origin: Origin): (() => Promise<readonly PromReading[]>) | undefined {
  const { metric } = origin
  if (metric === undefined) return () => readWhole(origin.view.registry)
  const kept = readKept(metric)
  // The rendering of prom-client itself: the same numbers without a copy of the labels for each bucket.
  if (kept === undefined) return async () => [await (metric.getForPromString?.() ?? metric.get())]
  return kept.type === 'summary' ? () => readQuantiles(origin, metric) : undefined
}

async function readWhole(registry: PromRegistry): Promise<readonly PromReading[]> {
  return (await registry.getMetricsAsJSON()).filter(each => !(EXPOSED in each)) as unknown as readonly PromReading[]
}

/** Working out quantiles costs more than all else, so a summary is only asked where one may have changed. */
async function readQuantiles(origin: Origin, metric: PromMetric): Promise<readonly PromReading[]> {
  const { quantiles } = origin
  if (quantiles !== undefined && isStill(metric, quantiles.standstill)) return quantiles.answer
  const asked = metric.get()
  // All is worked out by now, and only the promise is still to be resolved.
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

/** Without anything to wait for no timer is made. */
async function settled(answers: readonly Promise<void>[], deadlineMs: number): Promise<void> {
  if (answers.length > 0) await within(deadlineMs, Promise.all(answers))
}
