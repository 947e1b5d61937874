import { PromherdError } from '@promherd/core'
import { Failure, Mistyped } from './failure.ts'

/** What can be typed of OTLP, as commander returns it: true for the option without an address. */
export interface TypedOtlp {
  readonly otlp?: string | true
}

/**
 * Loads what sends the metrics of this process by OTLP, where that was asked for. Returns how to begin, to be called
 * before the herd begins; what is wrong with the environment is an error then.
 */
export async function loadOtlp({ otlp }: TypedOtlp, onWarning?: (message: string) => void): Promise<() => void> {
  if (otlp === undefined) return () => {}
  const { forward } = await installed()
  return () => {
    try {
      forward({ otlp: otlp === true ? {} : { url: otlp }, onWarning })
    } catch (error) {
      if (!(error instanceof PromherdError)) throw error
      throw new Mistyped(error.message.replace('`forward.otlp.url`', '`--otlp`'))
    }
  }
}

async function installed(): Promise<typeof import('@promherd/otlp')> {
  try {
    return await import('@promherd/otlp')
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new Failure(
      'Expected `@promherd/otlp` to be installed for --otlp, but it is not: `npm install @promherd/otlp`.',
    )
  }
}
