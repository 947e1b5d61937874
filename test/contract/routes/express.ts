import { prometheus } from '@promherd/express'
import { VERSIONS } from '../harnesses/express.ts'
import { serving } from '../harnesses/serving.ts'
import type { Chapter } from '../law.ts'
import { routesSubjects } from './asking.ts'
import { FALLING } from './express-falling.ts'
import { MATCHING } from './express-matching.ts'
import { MIDDLEWARE } from './express-middleware.ts'
import { MOUNTED } from './express-mounted.ts'
import { OnExpress } from './express-world.ts'

/** The labels of routes on Express, whatever its routers do. */
export const ON_EXPRESS: Chapter<OnExpress> = {
  title: 'Routes on Express',
  about:
    'A route is its path as it was registered, after the mount paths of its routers. If a middleware responds, ' +
    'the route is its mount path, or `_middleware` at the root.',
  subjects: routesSubjects(
    Object.fromEntries(
      Object.entries(VERSIONS).map(([name, express]) => [
        name,
        (monitor, isPreloaded) => {
          const app = express()
          app.set('env', 'test')
          if (!isPreloaded) app.use(prometheus({ monitor }))
          const world = new OnExpress(app, monitor, served => serving('HTTP/1.1', served))
          world.express = express
          return world
        },
      ]),
    ),
  ),
  laws: [...MOUNTED, ...MATCHING, ...MIDDLEWARE, ...FALLING],
}
