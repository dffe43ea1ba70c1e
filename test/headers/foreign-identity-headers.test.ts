import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { isIdentityHeader } from '../../src/headers/foreign-identity-headers.ts'
import { isReservedHeader } from '../../src/headers/removed-headers.ts'

/** As the documentation of each product names them. */
const named: [product: string, ...names: string[]][] = [
  ['oauth2-proxy', 'x-auth-request-user', 'x-auth-request-access-token', 'x-oauth2-proxy-id-token', 'gap-signature'],
  ['AWS load balancers', 'x-amzn-oidc-data', 'x-amzn-oidc-accesstoken', 'x-amzn-mtls-clientcert-subject'],
  ['AWS Verified Access', 'x-amzn-ava-user-context'],
  ['Azure App Service', 'x-ms-client-principal', 'x-ms-client-principal-name', 'x-ms-client-principal-id'],
  ['Azure App Service', 'x-ms-token-aad-id-token', 'x-ms-token-aad-access-token', 'x-ms-token-google-id-token'],
  ['Azure App Service', 'x-arr-clientcert'],
  ['Google IAP', 'x-goog-iap-jwt-assertion', 'x-goog-authenticated-user-email', 'x-goog-authenticated-user-id'],
  ['Google App Engine', 'x-appengine-user-email', 'x-appengine-user-is-admin', 'x-appengine-inbound-appid'],
  ['Google Cloud Endpoints', 'x-endpoint-api-userinfo', 'x-apigateway-api-userinfo'],
  ['Cloudflare Access', 'cf-access-jwt-assertion', 'cf-access-authenticated-user-email'],
  ['Pomerium', 'x-pomerium-jwt-assertion', 'x-pomerium-claim-email'],
  ['Authelia', 'remote-user', 'remote-groups', 'remote-email', 'remote-name'],
  ['authentik', 'x-authentik-username', 'x-authentik-groups', 'x-authentik-jwt'],
  ['Vouch Proxy', 'x-vouch-user', 'x-vouch-idp-claims-groups'],
  ['AuthCrunch', 'x-token-subject', 'x-token-user-email', 'x-token-user-roles'],
  ['Teleport', 'teleport-jwt-assertion'],
  ['Tailscale Serve', 'tailscale-user-login', 'tailscale-user-name'],
  ['Grafana', 'x-webauth-user'],
  ['Kong', 'x-consumer-username', 'x-credential-identifier', 'x-authenticated-userid', 'x-userinfo'],
  ['Kubernetes', 'x-remote-user', 'x-remote-group', 'x-remote-extra-scopes'],
  ['mod_auth_openidc', 'oidc_claim_sub', 'oidc-claim-email'],
  ['SiteMinder', 'sm_user', 'sm_userdn', 'sm_universalid'],
  ['IBM Verify Access', 'iv-user', 'iv-groups', 'iv-creds'],
  ['client certificates', 'client-cert', 'client-cert-chain', 'ssl-client-subject-dn', 'x-ssl-client-verify'],
  ['addresses of clients', 'true-client-ip', 'cf-connecting-ip', 'x-client-ip', 'x-azure-clientip'],
]

for (const [product, ...names] of named) {
  t.test(`clients cannot claim an identity with headers of ${product}: ${names[0]} …`, async (t) => {
    for (const name of names) {
      t.equal(isReservedHeader(name), true, name)
      t.equal(isIdentityHeader(name.replaceAll('_', '-')), true, `${name} may be passed on for a trusted proxy`)
      t.equal(isReservedHeader(name.replaceAll('-', '_')), true, `${name} with underscores`)
    }
  })
}

t.test('headers of the same products without an identity pass', async (t) => {
  const harmless = [
    'x-ms-version',
    'x-ms-client-request-id',
    'x-goog-api-version',
    'x-amzn-trace-id',
    'cf-ray',
    'cf-visitor',
  ]
  for (const name of [...harmless, 'x-auth-token', 'x-api-key', 'x-goog-user-project', 'smart', 'x-custom']) {
    t.equal(isReservedHeader(name), false, name)
  }
})

t.test('the page names all removed headers', async (t) => {
  const page = readFileSync(join(repositoryRoot, 'docs/upstreams.md'), 'utf8')
  const section = page.split('\n## ').find((text) => text.startsWith('Identity headers')) ?? ''
  const onPage = [...section.matchAll(/`([A-Za-z0-9-]+)(\*?)`/g)].map(
    ([, name = '', any]) => name.toLowerCase() + (any && 'x'),
  )
  t.ok(onPage.length > 40)
  for (const name of onPage.filter((each) => !/^(?:x-forwarded-|x-user$)/.test(each))) {
    t.equal(isIdentityHeader(name), true, name)
  }
  for (const name of named.flatMap(([, ...names]) => names)) {
    const folded = name.replaceAll('_', '-')
    const isNamed = onPage.some(
      (each) => each === folded || (each.endsWith('x') && folded.startsWith(each.slice(0, -1))),
    )
    t.ok(isNamed, `the page names ${name}`)
  }
})

t.test('headers that only Stagedoor writes are not among them', async (t) => {
  for (const name of ['x-stagedoor-assertion', 'x-forwarded-user', 'x-forwarded-for', 'x-request-id', 'traceparent']) {
    t.equal(isIdentityHeader(name), false, name)
  }
})
