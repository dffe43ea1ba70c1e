/**
 * Loaded in each test file before tap's own hooks: they leave the packages alone. Left alone themselves, they read and
 * parse the source map of each file below `node_modules`, of which no report speaks: a third of the time of a short test.
 */
process.env['_TAPJS_PROCESSINFO_EXCLUDE_'] = String(/^node:|[\\/](?:node_modules|\.tap)[\\/]/)
