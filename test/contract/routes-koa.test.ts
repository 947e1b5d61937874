import { keeps } from './law.ts'
import { ON_KOA } from './routes/koa.ts'

keeps(ON_KOA)
