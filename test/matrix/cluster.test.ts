import { keeps } from '../contract/law.ts'
import { ON_CLUSTER } from './chapters.ts'

keeps(ON_CLUSTER)
