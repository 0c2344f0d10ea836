// The build: one page at /mail/, files with hashes in their names, a manifest for the size check (tools/web_build.py).
import { type Plugin, defineConfig } from "vite";

const server = process.env["POSTROOM"] ?? "http://127.0.0.1:2580"; // a lab's hamburger.test
const proxied = { target: server, changeOrigin: false, ws: true };

// What the service worker keeps: the names of all files that were built.
const fileList: Plugin = {
  name: "file-list",
  enforce: "post",
  generateBundle: {
    order: "post", // scripts that hold nothing but styles are gone by then
    handler(_, bundle) {
      const files = Object.keys(bundle).filter((name) => name.startsWith("assets/"));
      this.emitFile({ type: "asset", fileName: "files.json", source: JSON.stringify(files.sort()) });
    },
  },
};

export default defineConfig({
  plugins: [fileList],
  base: "/mail/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(["/jmap", "/mail/sign-in", "/mail/sign-out", "/mail/passkey", "/mail/confirm", "/mail/export"].map((path) => [path, proxied])),
  },
  build: {
    outDir: "../src/postroom/web/static",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { index: "index.html", worker: "src/offline/worker.ts" },
      // The service worker's name stays, since browsers come back to it.
      output: { entryFileNames: (chunk) => (chunk.name === "worker" ? "worker.js" : "assets/[name]-[hash].js") },
    },
  },
});
