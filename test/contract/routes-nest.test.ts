import { keeps } from './law.ts'
import { ON_NEST } from './routes/nest.ts'

keeps(ON_NEST)
