/** What a command cannot do, in a sentence that needs no stack. */
export class Failure extends Error {
  /** The code that this process ends with. */
  readonly exitCode: number = 1
}

/** What was typed cannot be meant: the code that shells and their builtins end with then. */
export class Mistyped extends Failure {
  override readonly exitCode = 2
}
