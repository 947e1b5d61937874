import { keeps } from './law.ts'
import { RANDOM_EXCHANGES } from './property.ts'

keeps(RANDOM_EXCHANGES)
