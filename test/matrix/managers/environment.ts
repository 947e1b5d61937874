/** What every process of the matrix finds: nothing of promherd that the tests themselves may have been started with. */
export const ENVIRONMENT: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(PROMETHEUS|PROMHERD)_/.test(name)),
)
