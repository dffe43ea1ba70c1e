import { join } from 'node:path'

import { defineConfig } from 'vite'

import { backstageDist } from './backstage-dist.ts'

/** Bundles the frontend to what `@backstage/plugin-app-backend` serves: `dist/static/*` and `dist/index.html.tmpl`. */
export default defineConfig({
  root: import.meta.dirname,
  // Backstage's packages read Node's globals, which its own bundler would replace.
  define: { 'process.env': '{}', global: 'globalThis' },
  // The catalog's export button: the main entry needs Node's streams, this one brings its own.
  resolve: { alias: { 'csv-stringify/lib/sync': 'csv-stringify/lib/browser/sync.js' } },
  esbuild: { jsx: 'automatic' },
  build: {
    assetsDir: 'static',
    emptyOutDir: true,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 5_000,
    rollupOptions: {
      input: { index: join(import.meta.dirname, 'index.html'), legacy: join(import.meta.dirname, 'src/legacy.tsx') },
      // The tests load this one by its name.
      output: { entryFileNames: ({ name }) => (name === 'legacy' ? 'static/legacy.js' : 'static/[name]-[hash].js') },
    },
  },
  plugins: [backstageDist()],
})
