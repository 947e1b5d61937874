/** The request that is given to options: an `IncomingMessage`, or a `Request` where there is no Node server. */
export interface RequestLike {
  readonly method?: string | undefined
  /** As in the request: path and query on Node, absolute in a `Request`. */
  readonly url?: string | undefined
  readonly headers: object
}
