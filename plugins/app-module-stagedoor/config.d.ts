export interface Config {
  stagedoor?: {
    /**
     * Where Stagedoor's own endpoints are (its `server.prefix`). Default: `/.stagedoor`.
     * @visibility frontend
     */
    prefix?: string
  }
}
