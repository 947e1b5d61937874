import { keeps } from './law.ts'
import { ON_UNADAPTED } from './routes/unadapted.ts'

keeps(ON_UNADAPTED)
