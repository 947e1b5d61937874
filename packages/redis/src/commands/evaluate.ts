import { SinkError } from '@promherd/core/forward'
import type { Command, Connection } from '../connection/connection.ts'
import { isReply, sinkError } from '../connection/failures.ts'
import type { Script } from './scripts.ts'

/** The result of a script: a word, and a detail. */
export type Answer = readonly [word: string, detail: string]

/** Runs a script, and a PING in the same round trip. `onPing` is called with whether Redis responded to the PING. */
export async function evaluate(
  connection: Connection,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
  { signal, onPing = () => {} }: { signal: AbortSignal; onPing?: (isUp: boolean) => void },
): Promise<Answer> {
  const call = (name: string, source: string): Command => [name, source, keys.length, ...keys, ...args]
  let results: unknown[]
  try {
    results = await connection.run([['PING'], call('EVALSHA', script.sha)], signal)
    if (isReply(results[1]) && (results[1] as Error).message.startsWith('NOSCRIPT')) {
      results = await connection.run([['PING'], call('EVAL', script.source)], signal)
    }
  } catch (error) {
    onPing(false)
    throw error
  }
  onPing(!(results[0] instanceof Error))
  const answer = results[1]
  if (answer instanceof Error) {
    const failure = sinkError(answer)
    // Another server may be the one that accepts writes by now.
    if (failure.reason === 'read_only') connection.reset()
    throw failure
  }
  const [word = '', detail = ''] = (answer as Buffer[]).map(String)
  if (word !== 'type') return [word, detail]
  const remedy = 'Remove it, or choose another prefix.'
  throw new SinkError('rejected', `the key ${detail} holds a value of another type. ${remedy}`)
}
