import { Herd } from '@promherd/core'
import { whyNot } from '../commands/health.ts'
import { Failure } from '../common/failure.ts'
import { type Samples, samplesOfSnapshot, samplesOfText } from './samples.ts'

/** The source of the numbers. */
export interface Source {
  /** A description. */
  readonly name: string
  /** Reads the current samples. Throws a `Failure` if there are none. */
  read(): Promise<Samples>
}

/** How long a response may take: longer than any scrape should. */
const TIMEOUT_MS = 10_000

export function metricsPort(url: string): Source {
  return { name: url, read: () => scrape(url) }
}

async function scrape(url: string): Promise<Samples> {
  let text: string
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok)
      throw new Failure(`Expected ${url} to respond with status 200, but the status is ${response.status}.`)
    text = await response.text()
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(`Expected metrics at ${url}, but ${whyNot(error)}. Correct the address, or give a --directory.`)
  }
  const samples = samplesOfText(text, performance.now() / 1000)
  if (samples.named('promherd_build_info').length > 0) return samples
  throw new Failure(
    `Expected ${url} to be a metrics port of promherd, but it serves other metrics. Correct the address.`,
  )
}

/** The directory of a herd, read without contacting its processes and without changing anything. */
export function herdDirectory(directory: string): Source {
  const herd = new Herd({ directory })
  const read = async (): Promise<Samples> => samplesOfSnapshot(await herd.snapshot(), performance.now() / 1000)
  return { name: directory, read }
}
