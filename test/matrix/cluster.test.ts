import { keeps } from '../contract/law.ts'
import { ON_CLUSTER, ON_CLUSTER_OF_EACH } from './chapters.ts'

keeps(ON_CLUSTER)
keeps(ON_CLUSTER_OF_EACH)
