import { BOUNDS } from './bounds.ts'
import { keeps } from './law.ts'

keeps(BOUNDS)
