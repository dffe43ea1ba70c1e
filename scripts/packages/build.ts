import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { runCommand } from '../backstage-command.ts'

const root = join(import.meta.dirname, '../..')

/** What we read of a package's `package.json`. */
export type PackageManifest = {
  name: string
  files: string[]
  dependencies: Record<string, string>
  /** Backstage's word for what kind of package it is, such as `backend-plugin-module`. */
  role: string
}

/**
 * Compiles the package in `directory` into its `dist`, for the backend to CommonJS, for the frontend to ES modules, and
 * puts the license beside it.
 */
export async function buildPackage(directory: string): Promise<void> {
  const { role } = await readManifest(directory)
  await rm(join(directory, 'dist'), { recursive: true, force: true })
  await runCommand(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', directory], root)
  // The contract's sources are ES modules, which the gateway imports; its build for a backend is CommonJS.
  const type = role.startsWith('frontend') ? 'module' : 'commonjs'
  await writeFile(join(directory, 'dist/package.json'), `{ "type": "${type}" }\n`)
  await cp(join(root, 'LICENSE'), join(directory, 'LICENSE'))
}

/** @throws Error where `package.json` says too little for a package that is delivered */
export async function readManifest(directory: string): Promise<PackageManifest> {
  const {
    name,
    files,
    dependencies = {},
    backstage,
  } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
  if (typeof name !== 'string' || !Array.isArray(files))
    throw new Error(`${directory}/package.json lacks name or files`)
  return { name, files, dependencies, role: String(backstage?.role) }
}
