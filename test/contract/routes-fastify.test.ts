import { keeps } from './law.ts'
import { ON_FASTIFY } from './routes/fastify.ts'

keeps(ON_FASTIFY)
