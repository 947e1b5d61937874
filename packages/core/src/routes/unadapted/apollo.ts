import { callStackFiles } from '../call-stack.ts'
import type { Framework } from '../framework.ts'

/**
 * Apollo's standalone server has no routes: it answers GraphQL on any path. It is recognised by the function that makes
 * the server listen.
 */
export const APOLLO: Framework = {
  serverRouteOf: () => (callStackFiles().some(file => STANDALONE.test(file)) ? () => '/*' : undefined),
}

const STANDALONE = /[\\/]@apollo[\\/]server[\\/]dist[\\/](?:cjs|esm)[\\/]standalone[\\/]index\.js$/
