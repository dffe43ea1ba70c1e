import { mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

import { startCommand } from '../backstage-command.ts'

/** Node as Backstage asks for it, Yarn and `create-app`: all three from the npm registry. */
export type Tools = {
  /** The folder of `@backstage/create-app`. */
  createApp: string
  /** Runs a program with these tools, its output on ours. */
  run: (command: string, parameters: readonly string[], directory: string) => Promise<void>
}

/** @param version the version of `@backstage/create-app` */
export async function installTools(folder: string, version: string): Promise<Tools> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  const node = `node-${process.platform}-${process.arch}`
  const packages = [`@backstage/create-app@${version}`, '@yarnpkg/cli-dist@4', `${node}@24`]
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], folder, process.env)

  const modules = join(folder, 'node_modules')
  const environment = {
    ...process.env,
    PATH: [join(modules, node, 'bin'), join(modules, '.bin'), process.env['PATH']].join(delimiter),
    BACKSTAGE_APP_NAME: 'stock-app',
    // No package's install script runs: they would fetch binaries from elsewhere, and none is needed.
    YARN_ENABLE_SCRIPTS: 'false',
    YARN_ENABLE_TELEMETRY: 'false',
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
  }
  return {
    createApp: join(modules, '@backstage/create-app'),
    run: (command, parameters, directory) => run(command, parameters, directory, environment),
  }
}

async function run(
  command: string,
  parameters: readonly string[],
  directory: string,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const child = startCommand(command, parameters, { directory, environment })
  child.stdout?.pipe(process.stdout, { end: false })
  child.stderr?.pipe(process.stderr, { end: false })
  const exitCode = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (exitCode !== 0) throw new Error(`${command} ${parameters.join(' ')} failed (${String(exitCode)})`)
}
