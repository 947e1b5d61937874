import { keeps } from '../contract/law.ts'
import { ON_PM2_FORK } from './chapters.ts'

keeps(ON_PM2_FORK)
