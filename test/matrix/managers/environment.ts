/** The environment of each process of the matrix, without variables of promherd from the environment of the tests. */
export const ENVIRONMENT: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(PROMETHEUS|PROMHERD)_/.test(name)),
)
