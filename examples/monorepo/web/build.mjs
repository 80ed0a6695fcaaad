// Makes the page in `dist/web`, with the menu inside of the script.

import { copyFileSync } from "node:fs";
import { buildSync } from "esbuild";

const outdir = "../dist/web";
buildSync({
  entryPoints: ["src/page.mjs"],
  bundle: true,
  format: "esm",
  loader: { ".csv": "text" },
  logLevel: "info",
  minify: true,
  outdir,
});
copyFileSync("src/index.html", `${outdir}/index.html`);
