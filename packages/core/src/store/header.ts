/**
 * The first slots of every values file. All of it is float64, so that one mapping of the file is one Float64Array.
 * A reader believes a file only where `magic` and `version` are its own.
 */
export const MAGIC = 0x70726f6d // The letters 'prom'.
export const FORMAT_VERSION = 1

/** How many slots the header takes: the first series begins here. */
export const HEADER_SLOTS = 16

/** What each slot of the header holds. Times are unix seconds; an unknown number is 0. */
export const HEADER = {
  magic: 0,
  version: 1,
  /** Unique to this start of this process or thread; also in the file's name. */
  storeId: 2,
  /** The worker's stable small number; 0 is the primary. */
  worker: 3,
  pid: 4,
  /** The inode of the owner's pid namespace: a pid means nothing in another one. */
  pidNamespace: 5,
  /** When the kernel started the owner, in its ticks: tells a reused pid from the owner. */
  startTicks: 6,
  startedAt: 7,
  heartbeatAt: 8,
  /** How many slots are in use, the header's among them. */
  length: 9,
  /** An index into `WORKER_STATES`; -1 for a thread that works for a worker and is none itself. */
  state: 10,
  stateChangedAt: 11,
  /** 1 once the owner has said that it will write no more. */
  closed: 12,
  /** 0 where a process is the owner; else which of its threads, see `Owner`. */
  threadId: 13,
  /** Retired totals only: how many store ids follow the last series. */
  retiredIds: 14,
  /** Goes up with each commit of retired totals, and in a store each time a removed series' slot is taken again. */
  generation: 15,
} as const

/** What a worker may be doing. `hung` and `dead` are said by others, never by itself. */
export const WORKER_STATES = ['starting', 'running', 'draining', 'hung', 'dead'] as const
export type WorkerState = (typeof WORKER_STATES)[number]
