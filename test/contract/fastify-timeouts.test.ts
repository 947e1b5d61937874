import { FASTIFY_TIMEOUTS } from './fastify-timeouts.ts'
import { keeps } from './law.ts'

keeps(FASTIFY_TIMEOUTS)
