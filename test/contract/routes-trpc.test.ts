import { keeps } from './law.ts'
import { ON_TRPC } from './routes/trpc.ts'

keeps(ON_TRPC)
