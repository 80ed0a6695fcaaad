// Bundles with esbuild: `node build.mjs site` makes the page in `dist/site`, `node build.mjs
// tests` makes a file for each test in `build/tests`.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { buildSync } from "esbuild";

const common = { bundle: true, format: "esm", logLevel: "warning" };

/** The page: a script and a style whose names change with their content. */
function site() {
  const { metafile } = buildSync({
    ...common,
    entryPoints: { app: "src/main.ts", style: "src/style.css" },
    entryNames: "[name]-[hash]",
    outdir: "dist/site",
    target: "es2022",
    minify: true,
    metafile: true,
  });
  let page = readFileSync("src/index.html", "utf8");
  for (const [path, output] of Object.entries(metafile.outputs)) {
    const name = path.slice("dist/site/".length);
    page = page.replace(output.entryPoint.slice("src/".length), name);
    console.log(`${name}: ${output.bytes} bytes`);
  }
  writeFileSync("dist/site/index.html", page);
}

/** One file for each test, with all that it tests: it changes only if something of that does. */
function tests() {
  mkdirSync("build/tests", { recursive: true });
  const names = readdirSync("tests").filter((name) => name.endsWith(".test.ts"));
  buildSync({
    ...common,
    entryPoints: names.map((name) => `tests/${name}`),
    outdir: "build/tests",
    outExtension: { ".js": ".mjs" },
    platform: "node",
    target: "node20",
  });
  console.log(`${names.length} test files`);
}

const builds = { site, tests };
const build = builds[process.argv[2]];
if (build === undefined) {
  console.error(`usage: node build.mjs ${Object.keys(builds).join("|")}`);
  process.exit(2);
}
build();
