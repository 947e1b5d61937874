import { keeps } from './law.ts'
import { ON_HONO } from './routes/hono.ts'

keeps(ON_HONO)
