import type { Manager } from '../herd.ts'
import { supervise } from './processes.ts'

export const SEPARATE: Manager = {
  name: 'Processes of a supervisor',
  about:
    'As systemd or runit start them: processes on ports of their own that share `PROMETHEUS_MULTIPROC_DIR`, each of them started again when it ends, and one more that calls `serveHerd()`. A reload ends one after the other with TERM.',
  start: example => supervise(example, { prefix: [], endsWith: 'SIGTERM' }),
}
