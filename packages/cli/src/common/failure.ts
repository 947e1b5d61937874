/** An error of a command, with a message that needs no stack. */
export class Failure extends Error {
  /** The exit code of this process. */
  readonly exitCode: number = 1
}

/** Invalid arguments: the exit code is the one that shells and their builtins use for that. */
export class Mistyped extends Failure {
  override readonly exitCode = 2
}
