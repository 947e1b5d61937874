import { keeps } from './law.ts'
import { OUTCOMES } from './outcomes.ts'

keeps(OUTCOMES)
