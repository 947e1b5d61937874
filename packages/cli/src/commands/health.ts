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
  const { ok, text } = await request(url, options.timeout)
  if (!ok) throw new Failure(`${url} responded: ${text}`)
  process.stdout.write(`${text}\n`)
}

async function request(url: string, timeoutSeconds: number): Promise<{ ok: boolean; text: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutSeconds * 1000) })
    return { ok: response.ok, text: (await response.text()).trim() }
  } catch (error) {
    throw new Failure(
      `Expected ${url} to respond within ${timeoutSeconds} s, but ${whyNot(error)}. Check that the service is running, or correct --port.`,
    )
  }
}

/** Why a request with `fetch` has failed, as the end of a sentence. */
export function whyNot(error: unknown): string {
  if ((error as Error).name === 'TimeoutError') return 'it did not'
  const { cause } = error as { cause?: { code?: string; message?: string } }
  return cause?.code === 'ECONNREFUSED' ? 'no process listens there' : (cause?.message ?? String(error))
}
