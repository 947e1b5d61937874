/** What a command cannot do, in a sentence that needs no stack. */
export class Failure extends Error {
  readonly code = 'PROMHERD_FAILURE'
}
