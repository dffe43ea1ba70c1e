import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The `app-config.yaml` of the getting-started guide, for a Stagedoor at this address. */
export async function configOfTheGuide(gatewayUrl: string): Promise<string> {
  const guide = await readFile(join(import.meta.dirname, '../../docs/getting-started.md'), 'utf8')
  const [, config] = /^```yaml\n(# app-config\.yaml[^]*?)^```$/m.exec(guide) ?? []
  if (config === undefined) throw new Error('docs/getting-started.md has no lines for app-config.yaml')
  return config.replaceAll('https://portal.example.com', gatewayUrl)
}

/** What the README of the frontend module says for a legacy app, in the words of the template's files. */
export const legacyLines = [
  {
    file: 'packages/app/src/apis.ts',
    find: /^export const apis: AnyApiFactory\[\] = \[$/m,
    replacement: `import {
  fetchApiFactory,
  permissionApiFactory,
  sessionApiFactory,
} from '@stagedoor/backstage-plugin-app-module-stagedoor';

export const apis: AnyApiFactory[] = [
  sessionApiFactory,
  fetchApiFactory,
  permissionApiFactory,`,
  },
  {
    file: 'packages/app/src/App.tsx',
    find: /^ {4}SignInPage: .*$/m,
    replacement: '    SignInPage: StagedoorSignInPage,',
  },
  { file: 'packages/app/src/App.tsx', find: /^ {2}SignInPage,$/m, replacement: '' },
  {
    file: 'packages/app/src/App.tsx',
    find: /^import \{ createApp \}/m,
    replacement: `import {
  StagedoorSessionCard,
  StagedoorSessionNotices,
  StagedoorSignInPage,
} from '@stagedoor/backstage-plugin-app-module-stagedoor';
import { SettingsLayout } from '@backstage/plugin-user-settings';
$&`,
  },
  {
    file: 'packages/app/src/App.tsx',
    find: /^ {4}<OAuthRequestDialog \/>$/m,
    replacement: '$&\n    <StagedoorSessionNotices />',
  },
  {
    file: 'packages/app/src/App.tsx',
    find: /^ {4}<Route path="\/settings" element=\{<UserSettingsPage \/>\} \/>$/m,
    replacement: `    <Route path="/settings" element={<UserSettingsPage />}>
      <SettingsLayout.Route path="session" title="Session">
        <StagedoorSessionCard />
      </SettingsLayout.Route>
    </Route>`,
  },
]
