import type { Chapter } from '../contract/law.ts'
import type { Herd } from './herd.ts'
import { AFTER_A_MINUTE, CUTS_OFF, chapterOf, ENDS_WITH_IT } from './laws.ts'
import { ALONE, PRELOADED } from './managers/alone.ts'
import { CONTAINERS } from './managers/containers.ts'
import { OWN_CLUSTER } from './managers/own-cluster.ts'
import { PM2_CLUSTER, PM2_FORK } from './managers/pm2.ts'
import { CLUSTER, CLUSTER_OF_EACH, COMMAND, THREADS } from './managers/primaries.ts'
import { SEPARATE } from './managers/separate.ts'

/** Each way of managing processes with its laws. */

export const ON_ALONE: Chapter<Herd> = chapterOf(ALONE, {
  laws: ['counts', 'shares', 'deaths'],
  cannot: { deaths: ENDS_WITH_IT },
})
export const ON_PRELOADED: Chapter<Herd> = chapterOf(PRELOADED, { laws: ['counts'] })
export const ON_CLUSTER: Chapter<Herd> = chapterOf(CLUSTER, { examples: ['express'] })
export const ON_CLUSTER_OF_EACH: Chapter<Herd> = chapterOf(CLUSTER_OF_EACH, {
  examples: ['fastify', 'koa', 'hono', 'node-http'],
  laws: ['counts', 'shares', 'drain'],
})

// These do not depend on the framework, so each has one example. Together they have all.
export const ON_THREADS: Chapter<Herd> = chapterOf(THREADS, { examples: ['fastify'] })
export const ON_COMMAND: Chapter<Herd> = chapterOf(COMMAND, { examples: ['koa'] })
export const ON_OWN_CLUSTER: Chapter<Herd> = chapterOf(OWN_CLUSTER, { examples: ['node-http'] })
export const ON_PM2_CLUSTER: Chapter<Herd> = chapterOf(PM2_CLUSTER, {
  examples: ['express'],
  cannot: { drain: CUTS_OFF },
})
export const ON_PM2_FORK: Chapter<Herd> = chapterOf(PM2_FORK, { examples: ['fastify'], cannot: { drain: CUTS_OFF } })
export const ON_SEPARATE: Chapter<Herd> = chapterOf(SEPARATE, {
  examples: ['koa'],
  cannot: { drain: CUTS_OFF },
})
export const ON_CONTAINERS: Chapter<Herd> = chapterOf(CONTAINERS, { examples: ['hono'], cannot: AFTER_A_MINUTE })

export const CHAPTERS: readonly Chapter<Herd>[] = [
  ON_ALONE,
  ON_PRELOADED,
  ON_CLUSTER,
  ON_CLUSTER_OF_EACH,
  ON_THREADS,
  ON_COMMAND,
  ON_OWN_CLUSTER,
  ON_PM2_CLUSTER,
  ON_PM2_FORK,
  ON_SEPARATE,
  ON_CONTAINERS,
]
