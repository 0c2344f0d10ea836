// The build: one page at /mail/, files with hashes in their names, a manifest for the size check (tools/web_build.py).
import { defineConfig } from "vite";

const server = process.env["POSTROOM"] ?? "http://127.0.0.1:2580"; // a lab's hamburger.test
const proxied = { target: server, changeOrigin: false, ws: true };

export default defineConfig({
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
  },
});
