/** Rules for an unchanged Backstage, each with its reason. */
export const defaultRoutes = `\
  # Browsers fetch these without cookies in some Backstage apps, and they hold nothing private.
  - { name: manifest, path: /manifest.json, methods: [GET, HEAD], allow: public }
  - { name: robots, path: /robots.txt, methods: [GET, HEAD], allow: public }
  - { name: favicon, path: /favicon.ico, methods: [GET, HEAD], allow: public }
  # Keys and metadata of Backstage’s own tokens: public by nature.
  - { name: backstage-keys, path: /api/auth/.well-known/**, methods: [GET, HEAD], allow: public }
  # Other sign-in providers post their answer across sites, so that our cookie does not come along.
  - { name: sign-in-answers, path: /api/auth/*/handler/frame, methods: [POST], allow: public }
  # All the rest is for people who are logged in.
  - { name: everything, path: /**, allow: authenticated }
`
