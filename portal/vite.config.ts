import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// What is built is carried in the repository: the same source gives the same bytes.
export default defineConfig({
  base: '/portal/',
  plugins: [react()],
  build: {
    outDir: 'built',
    target: 'es2022',
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:5080', '/version': 'http://127.0.0.1:5080' } },
});
