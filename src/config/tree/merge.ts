import type { MapTree, Tree } from './tree.ts'

/** Lays a later file over an earlier one: maps merge key by key, everything else replaces. */
export function merge(base: Tree, over: Tree): Tree {
  if (base.kind !== 'map' || over.kind !== 'map') return over
  if (base.entries.has('$file') || over.entries.has('$file')) return over
  return mergeMaps(base, over)
}

function mergeMaps(base: MapTree, over: MapTree): MapTree {
  const entries = new Map(base.entries)
  for (const [key, entry] of over.entries) {
    const below = base.entries.get(key)
    entries.set(key, below === undefined ? entry : { ...entry, value: merge(below.value, entry.value) })
  }
  return { kind: 'map', source: over.source, entries }
}
