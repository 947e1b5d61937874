import { ON_PRELOAD } from './contract.ts'
import { keeps } from './law.ts'

keeps(ON_PRELOAD)
