# syntax=docker/dockerfile:1

FROM node:26-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# The image brings the right Node itself: no install script is needed, and so none is run.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY packages/assertion-contract packages/assertion-contract
COPY src src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json

FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts
# What is in the image, for scanners and auditors (CycloneDX).
COPY scripts/sbom.ts scripts/sbom.ts
RUN node scripts/sbom.ts > sbom.cdx.json

FROM node:26-slim
ARG VERSION=0.0.0-dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Stagedoor" \
      org.opencontainers.image.description="The identity-aware gateway in front of Backstage" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/node:26-slim" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=dependencies /app/sbom.cdx.json sbom.cdx.json
COPY package.json LICENSE ./
COPY config config
COPY auth0/tenant auth0/tenant
COPY --from=build /build/dist dist
# `stagedoor` by its name, for CI jobs that run in this image.
RUN chmod +x dist/src/cli/main.js && ln -s /app/dist/src/cli/main.js /usr/local/bin/stagedoor
# The one place to write: keys with `store: file`, the audit trail's files, where options name a path here. All else may be read-only.
RUN install -d -o node -g node -m 0700 /var/lib/stagedoor
VOLUME /var/lib/stagedoor
# What a start loads is compiled here, once. Node keeps it by user id, hence after USER; another user runs without it.
ENV NODE_COMPILE_CACHE=/app/.compile-cache
RUN install -d -o node -g node .compile-cache
# By number, so that Kubernetes can see that it is not root (`runAsNonRoot`). 1000 is the image's `node`.
USER 1000:1000
RUN ["node", "-e", "Promise.all(['cli/program', 'process/serve', 'redis/redis'].map((name) => import(`/app/dist/src/${name}.js`)))"]
EXPOSE 8080 9464
# Asks the admin listener, which speaks plain http whatever clients are offered, by a path that no option changes.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# By default V8 collects the whole heap whenever 64 MiB of bodies have passed, as they lie outside of it (docs/adr/0001-forwarder.md).
ENTRYPOINT ["node", "--external-memory-accounted-in-global-limit", "dist/src/cli/main.js"]
CMD ["start"]
