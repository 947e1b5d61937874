import { Herd } from '@promherd/core'
import { whyNot } from '../commands/health.ts'
import { Failure } from '../common/failure.ts'
import { type Samples, samplesOfSnapshot, samplesOfText } from './samples.ts'

/** The source of the numbers. */
export interface Source {
  /** A description. */
  readonly name: string
  /** Reads the current samples. Throws a `Failure` if there are none. */
  look(): Promise<Samples>
}

/** How long a response may take: longer than any scrape should. */
const TIMEOUT_MS = 10_000

export function metricsPort(url: string): Source {
  return { name: url, look: () => scrape(url) }
}

async function scrape(url: string): Promise<Samples> {
  let text: string
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok) throw new Failure(`Expected ${url} to answer 200, but it answered ${response.status}.`)
    text = await response.text()
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(`Expected metrics at ${url}, but ${whyNot(error)}. Name another address, or a --directory.`)
  }
  const samples = samplesOfText(text, performance.now() / 1000)
  if (samples.named('promherd_build_info').length > 0) return samples
  throw new Failure(`Expected ${url} to be a metrics port of promherd, but it serves something else.`)
}

/** The directory of a herd, read without contacting its processes and without changing anything. */
export function herdDirectory(directory: string): Source {
  const herd = new Herd({ directory })
  const look = async (): Promise<Samples> => samplesOfSnapshot(await herd.snapshot(), performance.now() / 1000)
  return { name: directory, look }
}
