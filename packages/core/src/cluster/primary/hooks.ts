import type { Warner } from '../../base/warner.ts'
import type { ClusterHooks } from '../cluster.ts'

/** Calls the user's hooks, the callbacks for events of the primary. Logs and counts their errors, and never throws. */
export class Hooks {
  readonly #hooks: ClusterHooks
  readonly #warner: Warner
  readonly #onFailure: () => void

  constructor(hooks: ClusterHooks, warner: Warner, onFailure: () => void) {
    this.#hooks = hooks
    this.#warner = warner
    this.#onFailure = onFailure
  }

  /** Resolves when the hook is done, or has failed. */
  async call<Name extends keyof ClusterHooks>(
    name: Name,
    ...args: Parameters<NonNullable<ClusterHooks[Name]>>
  ): Promise<void> {
    const hook = this.#hooks[name] as ((...args: readonly unknown[]) => unknown) | undefined
    try {
      await hook?.(...args)
    } catch (error) {
      this.#onFailure()
      // Logged once for each hook: a worker that crashes repeatedly would fill the log.
      this.#warner.logOnce(
        `hook ${name}`,
        `the hook ${name} failed. It is still called for later events. ${stackOf(error)}`,
      )
    }
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
