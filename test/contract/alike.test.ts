import { ALIKE } from './alike.ts'
import { keeps } from './law.ts'

keeps(ALIKE)
