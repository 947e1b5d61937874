import { keeps } from '../contract/law.ts'
import { ON_PM2_CLUSTER } from './chapters.ts'

keeps(ON_PM2_CLUSTER)
