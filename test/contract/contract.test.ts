import { CONTRACT } from './contract.ts'
import { keeps } from './law.ts'

keeps(CONTRACT)
