import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'

import t from 'tap'
import { type Node, SyntaxKind } from 'typescript/unstable/ast'
import { isBinaryExpression, isElementAccessExpression } from 'typescript/unstable/ast/is'
import { API, type Checker, type Project, TypeFlags, type UnionOrIntersectionType } from 'typescript/unstable/sync'

const root = resolve(import.meta.dirname, '../..')
const plugins = readdirSync(resolve(root, 'plugins')).filter((name) =>
  existsSync(resolve(root, 'plugins', name, 'tsconfig.json')),
)
const projects = ['tsconfig.json', ...plugins.map((name) => `plugins/${name}/tsconfig.json`)]
const anyText =
  TypeFlags.String | TypeFlags.TemplateLiteral | TypeFlags.StringMapping | TypeFlags.Any | TypeFlags.Unknown
const places = /^(?:src|auth0|plugins\/[\w-]+\/src|packages\/[\w-]+\/src)\//

/** Reviewed lookups by a text, with the reason why the key cannot be a name of `Object.prototype`. */
const reviewed = new Map([
  ['auth0/local/main.ts: env[variable]', 'names of our own'],
  ['auth0/local/server.ts: client.apiScopes[managementAudience]', 'a URL'],
  ['plugins/app-module-stagedoor/src/me.ts: object[name]', 'names of our own'],
  [
    'plugins/catalog-backend-module-auth0-entity-provider/src/import/existing.ts: annotations[annotationOf({ kind })]',
    'names of our own',
  ],
  [
    'plugins/catalog-backend-module-auth0-entity-provider/src/management/paging.ts: z.looseObject({ [name]: z.unknown() }).parse(body)[name]',
    'names of our own',
  ],
  ['src/boundary/plugin.ts: request.headers[name]', 'deletes names that the object itself has'],
  ['src/cli/from-environment.ts: env[variable]', 'names of our own'],
  ['src/cli/rotate/replicas.ts: secrets[option]', 'names of our own'],
  ['src/process/outgoing-fetch.ts: env[name]', 'names of our own'],
  ['src/endpoints/admin/console.ts: query[name]', 'names of our own'],
  ['src/cli/setup/missing.ts: body[name]', 'names of our own'],
  ['src/cli/setup/missing.ts: found[name]', 'names of our own'],
  ['src/cli/doctor/backstage-checks.ts: upstreams[name]', 'the name comes from the same object'],
  ['src/oidc/map-user-claims.ts: claims[name]', 'names that the object itself has'],
  ['src/oidc/transaction-cookies.ts: request.cookies[prefix + slot]', 'begins with a prefix of our own'],
  ['src/proxy/response-headers.ts: replyHeaders[name]', 'names that the object itself has'],
  ['src/session/session-cookie.ts: cookies[`${name}.${i}`]', 'begins with a prefix of our own'],
  ['src/session/session-cookie.ts: cookies[name]', 'names of our own'],
  ['src/session/session-cookie.ts: request.cookies[candidate]', 'names of our own'],
])

/**
 * A plain object also has `constructor` and `__proto__`. So a text that is only known at run time
 * is looked up in a `Map`, or checked with `Object.hasOwn` in the same function.
 */
t.test('no plain object is indexed by a name that is only known at run time', async (t) => {
  const api = new API({ cwd: root })
  t.teardown(() => api.close())
  const snapshot = api.updateSnapshot({ openProjects: projects.map((path) => resolve(root, path)) })
  const found = new Set(snapshot.getProjects().flatMap(lookupsIn))
  t.strictSame([...found].filter((lookup) => !reviewed.has(lookup)).toSorted(), [])
  t.strictSame(
    [...reviewed.keys()].filter((lookup) => !found.has(lookup)),
    [],
    'the list of reviewed ones is up to date',
  )
})

function lookupsIn({ program, checker }: Project): string[] {
  return program.getSourceFileNames().flatMap((file) => {
    const path = file.slice(root.length + 1)
    const source = places.test(path) ? program.getSourceFile(file) : undefined
    if (source === undefined) return []
    return [...nodesIn(source)]
      .filter((node) => isOpenLookup(node, checker))
      .map((node) => `${path}: ${node.getText()}`)
  })
}

function* nodesIn(node: Node): Generator<Node> {
  yield node
  const children: Node[] = []
  node.forEachChild((child) => void children.push(child))
  for (const child of children) yield* nodesIn(child)
}

/** Whether the node indexes an object by an arbitrary text, as `object[name]` or `name in object`. */
function isOpenLookup(node: Node, checker: Checker): boolean {
  const [object, key] = partsOf(node)
  if (object === undefined || key === undefined) return false
  const type = checker.getTypeAtLocation(object)
  if (type === undefined || checker.isArrayLikeType(type) || !mayBeAnyText(key, checker)) return false
  return !functionAround(node).getText().includes(`Object.hasOwn(${object.getText()}, ${key.getText()})`)
}

function partsOf(node: Node): [object?: Node, key?: Node] {
  if (isElementAccessExpression(node)) return [node.expression, node.argumentExpression]
  const isIn = isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.InKeyword
  return isIn ? [node.right, node.left] : []
}

function mayBeAnyText(key: Node, checker: Checker): boolean {
  const type = checker.getTypeAtLocation(key)
  if (type === undefined) return true
  const isUnion = (type.flags & TypeFlags.UnionOrIntersection) !== 0
  const kinds = isUnion ? (type as UnionOrIntersectionType).getTypes() : [type]
  return kinds.some(({ flags }) => (flags & anyText) !== 0)
}

function functionAround(node: Node): Node {
  let around = node
  const isFunction = ({ kind }: Node): boolean =>
    kind === SyntaxKind.FunctionDeclaration || kind === SyntaxKind.MethodDeclaration || kind === SyntaxKind.SourceFile
  while (!isFunction(around)) around = around.parent
  return around
}
