import { defineConfig } from 'vite';
import { mockNode } from './mock/plugin.ts';

// Old touch panels run Chrome 75: what is newer in the language is written down to
// ES2019 here, and what is newer in the platform is not used (tests/build.spec.ts).
const oldest = ['es2019', 'chrome75'];

export default defineConfig({
  plugins: [mockNode()],
  build: {
    target: oldest,
    cssTarget: 'chrome75',
    assetsInlineLimit: 0, // the node's content security policy knows no inline
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
