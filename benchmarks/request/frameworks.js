/** The frameworks whose requests are measured, and how many: the slower, the fewer. What V8 compiles is compiled by then. */
export const FRAMEWORKS = {
  express: { requests: 16_000, warmUp: 24_000 },
  fastify: { requests: 60_000, warmUp: 100_000 },
  koa: { requests: 40_000, warmUp: 60_000 },
  hono: { requests: 60_000, warmUp: 100_000 },
}

/** As few as prove that all runs and counts, and the framework that is asked over a socket, too. */
export const QUICK = { requests: 200, warmUp: 64, socket: 'koa' }

/**
 * The one that was asked for, or all.
 * @param {string | undefined} framework
 * @throws where there is none of this name
 */
export function chosenFrameworks(framework) {
  const known = Object.keys(FRAMEWORKS)
  if (framework === undefined) return known
  if (known.includes(framework)) return [framework]
  throw new Error(`expected --framework to be one of ${known.join(', ')}, but got \`${framework}\``)
}
