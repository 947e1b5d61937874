import { keeps } from './law.ts'
import { OUTCOMES_HTTP2 } from './outcomes-http2.ts'

keeps(OUTCOMES_HTTP2)
