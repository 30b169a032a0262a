import optimizeLocales from '@react-aria/optimize-locales-plugin'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  base: '/dashboard/',
  // React Aria brings its words in thirty languages; these are ours.
  plugins: [react(), { ...optimizeLocales.vite({ locales: ['en-US', 'de-DE'] }), enforce: 'pre' }],
  // No picture or font inside a script or style: the policy of the page stays plain, and each is cached by itself.
  build: { manifest: true, assetsInlineLimit: 0, target: 'es2023', sourcemap: false, modulePreload: { polyfill: false } },
})
