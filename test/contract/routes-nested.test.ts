import { keeps } from './law.ts'
import { ON_NESTED } from './routes/nested.ts'

keeps(ON_NESTED)
