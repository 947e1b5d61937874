import type { Manager } from '../herd.ts'
import { supervise } from './processes.ts'

/** A pid namespace and a /proc of its own, as a container has. What starts it dies with it, and the other way round. */
const CONTAINER = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child=SIGKILL']

export const CONTAINERS: Manager = {
  name: 'Containers with a shared volume',
  about:
    'As before, but each process is in a pid namespace of its own, where it has the same pid as the others. Nobody can see whether another one lives: for that there is its heartbeat. Whoever is killed counts as living for a minute, so that its number is free only then; its counts are there all the time. A reload kills and starts anew.',
  start: example => supervise(example, { prefix: CONTAINER, endsWith: 'SIGKILL' }),
}
