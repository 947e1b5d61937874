import { PromherdError } from '@promherd/core'
import { Mistyped } from '../common/failure.ts'
import { importOptional } from '../common/optional-package.ts'

/** The OTLP option, as commander returns it: true for the option without an address. */
export interface TypedOtlp {
  readonly otlp?: string | true
}

/**
 * Loads the package that sends the metrics of this process by OTLP, if the option is given. Returns the function that
 * starts it, which must be called before the herd is started; it throws if the environment is invalid.
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
