import type { Push } from '@promherd/core/group'

/** Parses the replies of Redis. */

export interface StoredFacts {
  readonly seq: number
  readonly deadline: number
  readonly epoch: number
  readonly instance: string
  readonly startedAt: number
  readonly ttlMs: number
  readonly keepMs: number
}

/** The stored facts of a run; undefined if another version of promherd wrote them. */
export function factsOf(text: string): StoredFacts | undefined {
  const [format, seq, deadline, epoch, ...rest] = text.split('|')
  if (format !== '1') return undefined
  try {
    const { instance, ...facts } = JSON.parse(rest.join('|')) as Record<string, unknown>
    const { startedAt, ttlMs, keepMs } = facts as Record<string, number>
    if (typeof instance !== 'string' || ![startedAt, ttlMs, keepMs].every(Number.isFinite)) return undefined
    const [startedAtSeconds, ttl, keep] = [startedAt!, ttlMs!, keepMs!]
    const pushed = { seq: Number(seq), deadline: Number(deadline), epoch: Number(epoch) }
    return { ...pushed, instance, startedAt: startedAtSeconds, ttlMs: ttl, keepMs: keep }
  } catch {
    return undefined
  }
}

/** The entries of a stream. Throws if the reply is an error. */
export function pushesOf(reply: unknown): Push[] {
  if (reply instanceof Error) throw reply
  return (reply as [Buffer, Buffer[]][]).map(([id, [, entry]]) => [Number(String(id).split('-')[0]), entry!])
}

/** A list of strings, of which some may be missing. */
export function textsOf(reply: unknown): string[] {
  return (reply as (Buffer | null)[]).map(each => String(each ?? ''))
}
