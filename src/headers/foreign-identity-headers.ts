// This folder: rules about headers that several stages share.

/**
 * Headers with which gateways, clouds and web servers tell a service who its caller is, or where the caller is. Services trust
 * them, often without a signature: Backstage's `azureEasyAuth` decodes `X-MS-TOKEN-AAD-ID-TOKEN` and verifies nothing.
 */
const identityPrefixes = [
  'x-auth-request-', // oauth2-proxy behind nginx
  'x-amzn-oidc-', // AWS Application Load Balancer
  'x-amzn-mtls-',
  'x-amzn-ava-', // AWS Verified Access
  'x-ms-client-principal', // Azure App Service, Static Web Apps, Container Apps
  'x-ms-token-',
  'x-goog-iap-', // Google Identity-Aware Proxy
  'x-goog-authenticated-user-',
  'x-appengine-', // Google App Engine
  'cf-access-', // Cloudflare Access
  'x-pomerium-',
  'x-authentik-',
  'x-vouch-',
  'x-token-', // AuthCrunch (caddy-security)
  'x-webauth-', // the auth proxy of Grafana
  'x-consumer-', // Kong
  'x-credential-',
  'x-authenticated-',
  'tailscale-user-',
  'oidc-', // mod_auth_openidc: OIDC_CLAIM_sub
  'remote-', // Authelia; CGI's REMOTE_USER
  'x-remote-', // the front proxy of Kubernetes
  'ssl-client-', // client certificates at nginx and its ingress controllers
  'x-ssl-client-',
  'sm-user', // SiteMinder
]

const identityNames = new Set([
  'x-oauth2-proxy-id-token',
  'gap-auth',
  'gap-signature',
  'teleport-jwt-assertion',
  'x-endpoint-api-userinfo', // Google Cloud Endpoints, API Gateway
  'x-apigateway-api-userinfo',
  'x-userinfo', // Kong, APISIX
  'sm-universalid',
  'iv-user', // IBM Verify Access
  'iv-groups',
  'iv-creds',
  'client-cert', // RFC 9440
  'client-cert-chain',
  'x-client-cert',
  'x-arr-clientcert', // Azure App Service
  // The client's address.
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-azure-clientip',
  'x-envoy-external-address',
  'x-original-forwarded-for',
])

/** @param folded header name in the form of `foldedName` */
export function isIdentityHeader(folded: string): boolean {
  return identityNames.has(folded) || identityPrefixes.some((prefix) => folded.startsWith(prefix))
}
