/** Logs a sentence for the user of the command on stderr: stdout belongs to the program. */
export function log(sentence: string): void {
  process.stderr.write(`promherd: ${sentence}\n`)
}
