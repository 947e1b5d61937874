/** See samples.js: for the tests, which are typed. */
export function digestOf(text: string, families: readonly string[]): { samples: number; digest: string }
