import { PromherdError } from '@promherd/core'
import { Mistyped } from './failure.ts'
import { importOptional } from './optional-package.ts'

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
  const { forward } = await importOptional('@promherd/otlp', '--otlp', () => import('@promherd/otlp'))
  return () => {
    try {
      forward({ otlp: otlp === true ? {} : { url: otlp }, onWarning })
    } catch (error) {
      if (!(error instanceof PromherdError)) throw error
      throw new Mistyped(error.message.replace('`forward.otlp.url`', '`--otlp`'))
    }
  }
}
