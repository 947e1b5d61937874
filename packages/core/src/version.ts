import { createRequire } from 'node:module'

/** The version of @promherd/core, from its manifest. */
export const VERSION: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version
