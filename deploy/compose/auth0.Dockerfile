# The stand-in for Auth0, for trying things out. Never part of the gateway's image.
FROM node:26-slim
WORKDIR /stagedoor
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY auth0 auth0
USER 1000:1000
CMD ["node", "auth0/local/main.ts"]
