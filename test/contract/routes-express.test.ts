import { keeps } from './law.ts'
import { ON_EXPRESS } from './routes/express.ts'

keeps(ON_EXPRESS)
