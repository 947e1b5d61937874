import { keeps } from '../contract/law.ts'
import { ON_OWN_CLUSTER } from './chapters.ts'

keeps(ON_OWN_CLUSTER)
