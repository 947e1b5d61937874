import { callStackFiles } from '../call-stack.ts'
import type { UnadaptedFramework } from '../unadapted-framework.ts'

/**
 * Apollo's standalone server has no routes: it answers GraphQL on any path. It is recognised by the function that makes
 * the server listen.
 */
export const APOLLO: UnadaptedFramework = {
  serverRouteOf: () => (callStackFiles().some(file => STANDALONE.test(file)) ? () => '/*' : undefined),
}

const STANDALONE = /[\\/]@apollo[\\/]server[\\/]dist[\\/](?:cjs|esm)[\\/]standalone[\\/]index\.js$/
