/**
 * Feathers finds a service by the path, in a middleware of Express or Koa, and stores the result on the request or the
 * context. A service does not know its path: that is its key in the application's services.
 */
export function feathersRouteOf(context: object): string | undefined {
  const { lookup, app } = context as FeathersContext
  const { service, params } = lookup ?? {}
  const services = app?.services
  if (service === undefined || services === undefined) return undefined
  let path = PATHS.get(service)
  if (path === undefined) {
    path = Object.keys(services).find(name => services[name] === service)
    if (path === undefined) return undefined
    PATHS.set(service, path)
  }
  return `/${path}${params !== undefined && '__id' in params ? '/:__id' : ''}`
}

interface FeathersContext {
  readonly lookup?: { readonly service?: object; readonly params?: object }
  readonly app?: { readonly services?: Readonly<Record<string, object>> }
}

const PATHS = new WeakMap<object, string>()
