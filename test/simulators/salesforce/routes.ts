// Path and method to what is called for.

import type { CallKind } from './call-log.ts'

export interface Route {
  kind: CallKind
  /** The name of the resource and what its path holds. */
  name:
    | 'token'
    | 'revoke'
    | 'userinfo'
    | 'identity'
    | 'versions'
    | 'resources'
    | 'limits'
    | 'query'
    | 'queryAll'
    | 'queryMore'
    | 'describeGlobal'
    | 'describe'
    | 'deleted'
    | 'record'
    | 'newRecord'
    | 'retrieve'
    | 'collections'
    | 'bulk'
    | 'bulkResults'
    | 'bayeux'
    | 'unknown'
  args: string[]
  version?: string
}

const DATA = /^\/services\/data\/v(\d+\.\d)(?:\/(.*))?$/

const REST: Array<[RegExp, Route['kind'], Route['name']]> = [
  [/^$/, 'versions', 'resources'],
  [/^limits$/, 'limits', 'limits'],
  [/^query$/, 'query', 'query'],
  [/^queryAll$/, 'queryAll', 'queryAll'],
  [/^query(?:All)?\/([^/]+)$/, 'queryMore', 'queryMore'],
  [/^sobjects$/, 'describe', 'describeGlobal'],
  [/^sobjects\/(\w+)\/describe$/, 'describe', 'describe'],
  [/^sobjects\/(\w+)\/deleted$/, 'deleted', 'deleted'],
  [/^sobjects\/(\w+)$/, 'sobject', 'newRecord'],
  [/^sobjects\/(\w+)\/(\w+)$/, 'sobject', 'record'],
  [/^composite\/sobjects$/, 'collections', 'collections'],
  [/^composite\/sobjects\/(\w+)$/, 'retrieve', 'retrieve'],
  [/^jobs\/query$/, 'bulk', 'bulk'],
  [/^jobs\/query\/(\w+)$/, 'bulk', 'bulk'],
  [/^jobs\/query\/(\w+)\/results$/, 'bulk', 'bulkResults'],
]

export function findRoute(pathname: string): Route {
  const path = pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname
  if (path === '/services/oauth2/token') return { kind: 'oauth', name: 'token', args: [] }
  if (path === '/services/oauth2/revoke') return { kind: 'oauth', name: 'revoke', args: [] }
  if (path === '/services/oauth2/userinfo') return { kind: 'identity', name: 'userinfo', args: [] }
  if (path.startsWith('/id/')) return { kind: 'identity', name: 'identity', args: path.split('/').slice(2) }
  if (path === '/services/data') return { kind: 'versions', name: 'versions', args: [] }
  if (path.startsWith('/cometd')) return { kind: 'bayeux', name: 'bayeux', args: [] }
  const [, version, rest = ''] = DATA.exec(path) ?? []
  for (const [pattern, kind, name] of REST) {
    const found = version === undefined ? null : pattern.exec(rest)
    if (found) return { kind, name, args: found.slice(1), version: version! }
  }
  return { kind: 'other', name: 'unknown', args: [], ...(version !== undefined && { version }) }
}
