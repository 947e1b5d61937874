/** The measured frameworks and their numbers of requests: fewer for slower ones. After the warm-up V8 has compiled all code. */
export const FRAMEWORKS = {
  express: { requests: 16_000, warmUp: 24_000 },
  fastify: { requests: 60_000, warmUp: 100_000 },
  koa: { requests: 40_000, warmUp: 60_000 },
  hono: { requests: 60_000, warmUp: 100_000 },
}

/** The smallest numbers that show that everything runs and counts, and the framework that is tested over a socket too. */
export const QUICK = { requests: 200, warmUp: 64, socket: 'koa' }

/**
 * The selected framework, or all.
 * @param {string | undefined} framework
 * @throws if there is no framework of this name
 */
export function chosenFrameworks(framework) {
  const known = Object.keys(FRAMEWORKS)
  if (framework === undefined) return known
  if (known.includes(framework)) return [framework]
  throw new Error(`expected --framework to be one of ${known.join(', ')}, but got \`${framework}\``)
}
