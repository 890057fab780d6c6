import fs from 'node:fs';
import path from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** What the licences of the packages in the bundle ask for: their texts, beside it. */
function licences(): Plugin {
  return {
    name: 'licences',
    generateBundle(_, bundle) {
      const folders = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        for (const id of chunk.moduleIds) {
          const at = /^(?:\0)?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
          if (at && fs.existsSync(path.join(at, 'package.json'))) folders.add(at);
        }
      }
      const texts = [...folders].toSorted().map((folder) => {
        const { name, version, license } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as { name: string; version: string; license: string };
        const file = fs.readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
        return `${name} ${version} (${license})\n\n${file ? fs.readFileSync(path.join(folder, file), 'utf8').trim() : ''}\n`;
      });
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join(`\n${'-'.repeat(72)}\n\n`) });
    },
  };
}

// What is built is carried in the repository: the same source gives the same bytes.
export default defineConfig({
  base: '/portal/',
  plugins: [react(), licences()],
  build: {
    outDir: 'built',
    target: 'es2022',
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  server: { proxy: { '/api': { target: 'http://127.0.0.1:5080', changeOrigin: false }, '/version': 'http://127.0.0.1:5080' } },
});
