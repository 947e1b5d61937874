import { Failure } from '../common/failure.ts'
import { metricsUrl, settingsOf, type Typed } from '../common/settings.ts'

export interface HealthOptions extends Typed {
  readonly ready?: boolean
  /** Seconds. */
  readonly timeout: number
}

/** `promherd health`: succeeds if the metrics port reports that the service is healthy. */
export async function health(options: HealthOptions): Promise<void> {
  const url = metricsUrl(await settingsOf(options), options.ready ? '/-/ready' : '/-/healthy')
  const { ok, text } = await ask(url, options.timeout)
  if (!ok) throw new Failure(`${url} says: ${text}`)
  process.stdout.write(`${text}\n`)
}

async function ask(url: string, timeoutSeconds: number): Promise<{ ok: boolean; text: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutSeconds * 1000) })
    return { ok: response.ok, text: (await response.text()).trim() }
  } catch (error) {
    throw new Failure(`Expected ${url} to answer within ${timeoutSeconds} s, but ${whyNot(error)}.`)
  }
}

/** Why a request with `fetch` has failed, as the end of a sentence. */
export function whyNot(error: unknown): string {
  if ((error as Error).name === 'TimeoutError') return 'it did not'
  const { cause } = error as { cause?: { code?: string; message?: string } }
  return cause?.code === 'ECONNREFUSED' ? 'nothing listens there' : (cause?.message ?? String(error))
}
