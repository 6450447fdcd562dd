/**
 * How the portal is built and served while it is being written.
 *
 * In: this folder. Out: `../src/logster/web/static/` (index.html, hashed assets, pages.css).
 * Promise: no inline script or style, so that the page runs under `script-src 'self'`.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const server = process.env.LOGSTER_URL ?? "http://127.0.0.1:8000";

export default defineConfig(({ command }) => ({
  // Scripts and styles find each other wherever the server is; to the page it says where.
  base: command === "build" ? "./" : "/",
  plugins: [svelte()],
  build: {
    outDir: "../src/logster/web/static",
    emptyOutDir: true,
    // Browsers since early 2024: light-dark() and :has() stay as they are written.
    target: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: { portal: "index.html", pages: "src/pages.css" },
      output: {
        // pages.css is linked by pages that the server renders, which know no hashes.
        assetFileNames: (asset) =>
          asset.names.includes("pages.css") ? "pages.css" : "assets/[name]-[hash][extname]",
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/login", "/logout", "/static"].map((path) => [path, { target: server }]),
    ),
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.ts"],
    // One process for all files is twice as quick; each test puts back what it replaced.
    isolate: false,
    unstubGlobals: true,
  },
  // Vitest runs in Node; without this Svelte resolves to its server build and runes do nothing.
  resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
}));
