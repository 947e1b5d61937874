import type { IncomingMessage } from 'node:http'
import { ERROR_CATEGORIES, type StreamKind } from '../../definitions/label-values.ts'
import { DEFAULT_MAX_SERIES, type StoreFamily } from '../../store/family.ts'
import type { Store } from '../../store/store.ts'
import { CustomLabels } from '../labels/custom-labels.ts'
import { LabelSet, LabelSets } from '../labels/label-set.ts'
import { type Naming, STATUSES } from '../labels/naming.ts'
import { namingOf } from '../labels/namings.ts'
import type { LabelInputs, Outcome } from '../labels/outcome.ts'
import type { HttpOptions } from '../options/http-options.ts'
import { bodySizeOf } from '../response/body-size.ts'
import { CLIENT_CLOSED_REQUEST } from '../response/response-state.ts'
import { firstByteOf } from '../response/time-to-first-byte.ts'
import type { CachedFamily } from './cached-family.ts'
import type { Counted, Measurements } from './counted.ts'
import { DURATIONS, ERRORS, HttpFamilies } from './families.ts'
import type { Histogram } from './histogram.ts'
import { schemeOf, secondsToFirstByte, versionOf } from './measurements.ts'

/** The series of exchanges: which exchanges are open, and how those that have ended are counted. */
export class HttpSeries {
  readonly naming: Naming
  readonly custom: CustomLabels
  readonly #store: Store
  readonly #families: HttpFamilies
  // Copies for the hot path: each indirection there costs a nanosecond.
  readonly #durations: Histogram
  readonly #errors: CachedFamily
  readonly #ended: StoreFamily
  readonly #isOpenTelemetry: boolean
  /** The label set of every exchange; undefined if it differs between exchanges. */
  readonly #labels: LabelSet | undefined
  readonly #labelSets: LabelSets
  readonly #isMeasured: boolean
  /** Written anew for each exchange whose labels are needed, so that none is allocated. */
  readonly #outcome: Outcome = { method: 0, route: '', status: 0, category: undefined }

  /** @throws ERR_PROMHERD_FAMILY_CONFLICT if the store already has the families with other buckets or labels. */
  constructor(store: Store, options: HttpOptions) {
    this.#store = store
    const categories = [...ERROR_CATEGORIES, ...(options.categories ?? [])]
    this.naming = namingOf(options.naming, categories)
    this.custom = new CustomLabels(store, options.labels)
    this.#families = new HttpFamilies(store, this.naming, this.custom.names, categories, options)
    this.#durations = this.#families.durations
    this.#errors = this.#families.errors
    this.#ended = this.#families.ended
    this.#isOpenTelemetry = this.naming.isOpenTelemetry
    this.#labels = this.knowsLabels ? new LabelSet('', '', this.custom.constantValues) : undefined
    this.#labelSets = new LabelSets(this.custom, options.maxSeries ?? DEFAULT_MAX_SERIES)
    this.#isMeasured = this.naming.isOpenTelemetry || Boolean(options.bodySize || options.timeToFirstByte)
  }

  /** True if the labels of an exchange follow from its method, route and status alone. */
  get knowsLabels(): boolean {
    return !this.naming.isOpenTelemetry && this.custom.isConstant
  }

  /** Prevents its families from being withdrawn from now on. */
  claim(): void {
    this.#families.claim()
  }

  /** Withdraws its families, except those that are claimed. */
  withdraw(): void {
    this.#families.withdraw()
  }

  /** Counts an exchange as in flight from now on, and starts what the options require to be measured. */
  open(exchange: Counted): void {
    exchange.openSlot = this.#families.inFlight.overflow
    if (this.#isMeasured) this.#measure(exchange)
    add(this.#families.inFlight, exchange.openSlot, 1)
  }

  /** Counts an open exchange as a stream from now on, and no longer as in flight. */
  becomeStream(exchange: Counted, kind: StreamKind): void {
    add(this.#families.inFlight, exchange.openSlot, -1)
    add(this.#families.streams, this.#families.streams.slot([kind]), 1)
    exchange.stream = kind
  }

  /** Counts an exchange as no longer open. */
  close({ openSlot, stream }: Counted): void {
    if (stream === undefined) add(this.#families.inFlight, openSlot, -1)
    else add(this.#families.streams, this.#families.streams.slot([stream]), -1)
  }

  /** Counts an exchange that was not followed; `seconds` is NaN if its duration is not meaningful. */
  countUnfollowed(
    method: string | undefined,
    route: string,
    status: number,
    category: string | undefined,
    seconds: number,
  ): void {
    const index = this.naming.methodIndexOf(method)
    const sent = this.#isOpenTelemetry && status === CLIENT_CLOSED_REQUEST ? 0 : status
    const labels = this.#labels ?? this.#labelSets.of(UNFOLLOWED, '', '')
    this.#count(index, route, sent, category, seconds, labels, NONE)
  }

  /** Counts an exchange that has ended, with all its measurements. `isInFlight` is true until it is counted. */
  count(exchange: Counted, isInFlight: boolean): void {
    const { method, route, status, category, seconds, measurements, openSlot } = exchange
    const labels = this.#labels ?? this.#labelSets.of(exchange, measurements?.scheme ?? '', measurements?.version ?? '')
    this.#count(method, route, status, category, seconds, labels, isInFlight ? openSlot : NONE)
    if (measurements !== undefined) this.#observe(exchange, measurements, labels)
  }

  /** Creates a duration series before its first exchange, unless the family is full. */
  initialize(method: string, route: string, status: number): void {
    const { series } = this.#durations
    if (this.#labels === undefined || series.family.size >= series.family.maxSeries) return
    series.slotOf(this.#outcomeOf(this.naming.methodIndexOf(method), route, status, undefined), this.#labels)
  }

  /** The hot path. It has no object: writing one costs as much as finding the series. */
  #count(
    method: number,
    route: string,
    status: number,
    category: string | undefined,
    seconds: number,
    labels: LabelSet,
    openSlot: number,
  ): void {
    const slots = labels.slotsOf(route)
    if (Number.isNaN(seconds)) this.#countUntimed(this.#outcomeOf(method, route, status, category), labels, openSlot)
    else {
      const { series } = this.#durations
      // The key of Prometheus' naming: V8 inlines no call of a function that differs between namings or families.
      const known = this.#isOpenTelemetry ? undefined : slots?.[DURATIONS]?.get(method * STATUSES + status)
      const slot = known ?? series.slotOf(this.#outcomeOf(method, route, status, category), labels)
      this.#durations.observe(slot, seconds, openSlot)
    }
    add(this.#ended, this.#ended.overflow, 1)
    if (category === undefined) return
    const known = slots?.[ERRORS]?.get(this.#families.errorKeyOf(method, category))
    const slot = known ?? this.#errors.slotOf(this.#outcomeOf(method, route, status, category), labels)
    add(this.#errors.family, slot, 1)
  }

  #outcomeOf(method: number, route: string, status: number, category: string | undefined): Outcome {
    const outcome = this.#outcome
    outcome.method = method
    outcome.route = route
    outcome.status = status
    outcome.category = category
    return outcome
  }

  /** Counts a stream, or a request that Node refused. OpenTelemetry's conventions have no counter for them. */
  #countUntimed(outcome: Outcome, labels: LabelSet, openSlot: number): void {
    const { requests, inFlight } = this.#families
    const slot = requests?.slotOf(outcome, labels) ?? NONE
    const open = inFlight.storage.values
    const counts = requests?.family.storage.values ?? open
    // No function call may come between these two statements, see `Histogram`.
    if (openSlot !== NONE) open[openSlot] = open[openSlot]! - 1
    if (slot !== NONE) counts[slot] = counts[slot]! + 1
  }

  #measure(exchange: Counted): void {
    try {
      exchange.measurements = this.#measurementsOf(exchange)
      const { naming } = this
      if (!naming.isOpenTelemetry) return
      const method = naming.methods[naming.methodIndexOf(exchange.request?.method)]!
      exchange.openSlot = this.#families.inFlight.slot([method, exchange.measurements.scheme])
    } catch (error) {
      this.#store.reportError('http', `the details of an exchange are missing: ${String(error)}`)
    }
  }

  #measurementsOf({ request, response }: Counted): Measurements {
    const { requestSize, timeToFirstByte } = this.#families
    const hasLabels = this.naming.isOpenTelemetry && request !== undefined
    return {
      scheme: hasLabels ? schemeOf(request) : '',
      version: hasLabels ? versionOf(request) : '',
      bodySize: requestSize && response && bodySizeOf(request as IncomingMessage, response),
      firstByte: timeToFirstByte && response && firstByteOf(response),
    }
  }

  #observe(exchange: Counted, { bodySize, firstByte }: Measurements, labels: LabelSet): void {
    const { timeToFirstByte, requestSize, responseSize } = this.#families
    const seconds = firstByte && secondsToFirstByte(firstByte, exchange)
    if (seconds !== undefined) timeToFirstByte?.observe(timeToFirstByte.series.slotOf(exchange, labels), seconds, NONE)
    if (bodySize === undefined) return
    requestSize?.observe(requestSize.series.slotOf(exchange, labels), bodySize.requestBytes, NONE)
    responseSize?.observe(responseSize.series.slotOf(exchange, labels), bodySize.responseBytes, NONE)
  }
}

const UNFOLLOWED: LabelInputs = { request: undefined, response: undefined, context: undefined }

/** No slot. */
const NONE = -1

function add(family: StoreFamily, slot: number, change: number): void {
  // The array is replaced when the storage grows, so it is read for each use.
  const { values } = family.storage
  values[slot] = values[slot]! + change
}
