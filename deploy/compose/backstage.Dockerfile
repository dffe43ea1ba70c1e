# The example Backstage, for trying things out.
FROM node:26-slim
WORKDIR /stagedoor
# The compiler for our plugins; Backstage's own packages come with the setup below.
COPY package.json package-lock.json .npmrc LICENSE ./
RUN npm ci --ignore-scripts
COPY packages packages
COPY plugins plugins
COPY scripts scripts
COPY examples/backstage examples/backstage
RUN node scripts/backstage-setup.ts
ENV NODE_ENV=production
WORKDIR /stagedoor/examples/backstage
USER 1000:1000
CMD ["node", "backend/index.ts", "--config", "app-config.yaml"]
