import { keeps } from './law.ts'
import { SENT } from './sent.ts'

keeps(SENT)
