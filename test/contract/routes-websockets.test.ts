import { keeps } from './law.ts'
import { ON_WEBSOCKETS } from './routes/websockets.ts'

keeps(ON_WEBSOCKETS)
