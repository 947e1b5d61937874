import type { UnadaptedFramework } from '../unadapted-framework.ts'
import { APOLLO } from './apollo.ts'
import { CONNECT } from './connect.ts'
import { H3_1, H3_2 } from './h3.ts'
import { HAPI } from './hapi.ts'
import { MOLECULER } from './moleculer.ts'
import { NEXT } from './next.ts'
import { POLKA } from './polka.ts'
import { RESTIFY } from './restify.ts'
import { TINYHTTP } from './tinyhttp.ts'
import { TRPC } from './trpc.ts'
import { YOGA } from './yoga.ts'

/** Every framework without an adapter whose routes are known. To add one, add its file and its name here. */
export const UNADAPTED_FRAMEWORKS: readonly UnadaptedFramework[] = [
  NEXT,
  RESTIFY,
  MOLECULER,
  TINYHTTP,
  POLKA,
  HAPI,
  H3_1,
  H3_2,
  YOGA,
  APOLLO,
  TRPC,
  CONNECT,
]
