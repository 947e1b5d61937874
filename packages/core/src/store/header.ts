/**
 * The first slots of every values file. All of them are float64, so that one mapping of the file is one Float64Array.
 * Readers accept a file only if `magic` and `version` equal their own.
 */
export const MAGIC = 0x70726f6d // The letters 'prom'.
export const FORMAT_VERSION = 1

/** The number of slots in the header: the first series begins here. */
export const HEADER_SLOTS = 16

/** The contents of each header slot. Times are unix seconds; an unknown number is 0. */
export const HEADER = {
  magic: 0,
  version: 1,
  /** Unique to this start of this process or thread; also in the file's name. */
  storeId: 2,
  /** The worker's stable small number; 0 is the primary. */
  worker: 3,
  pid: 4,
  /** The inode of the owner's pid namespace: in another namespace the pid means nothing. */
  pidNamespace: 5,
  /**
   * When the kernel started the owner, in kernel ticks: distinguishes the owner from a later process with the same pid.
   */
  startTicks: 6,
  startedAt: 7,
  heartbeatAt: 8,
  /** The number of slots in use, including the header's. */
  length: 9,
  /** An index into `WORKER_STATES`; -1 for a thread that works for a worker and is not a worker itself. */
  state: 10,
  stateChangedAt: 11,
  /** 1 once the owner has declared that it will not write any more. */
  closed: 12,
  /** 0 if the owner is a process; otherwise identifies its thread, see `Owner`. */
  threadId: 13,
  /** Retired totals only: the number of store ids that follow the last series. */
  retiredIds: 14,
  /** Increases with each commit of retired totals, and in a store each time the slot of a removed series is reused. */
  generation: 15,
} as const

/** The states of a worker. `hung` and `dead` are reported by other processes, never by the worker itself. */
export const WORKER_STATES = ['starting', 'running', 'draining', 'hung', 'dead'] as const
export type WorkerState = (typeof WORKER_STATES)[number]
