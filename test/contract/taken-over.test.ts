import { keeps } from './law.ts'
import { TAKEN_OVER } from './taken-over.ts'

keeps(TAKEN_OVER)
