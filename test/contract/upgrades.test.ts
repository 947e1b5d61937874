import { keeps } from './law.ts'
import { STREAMS_AND_UPGRADES } from './upgrades.ts'

keeps(STREAMS_AND_UPGRADES)
