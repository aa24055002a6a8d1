// After the build: packs what a browser loads, and says whether the first page stays light enough.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const FIRST_PAGE = "src/features/create/page.tsx";
const LIMIT = 250 * 1000;

const folder = process.argv[2].replace(/[\\/]$/, "");
const manifest = JSON.parse(readFileSync(join(folder, ".vite", "manifest.json"), "utf8"));

function files(at) {
  return readdirSync(at).flatMap((name) => {
    const path = join(at, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

/** Tells the service worker which files this release is made of. */
function release() {
  const at = join(folder, "sw.js");
  const list = files(join(folder, "assets"))
    .filter((path) => !path.endsWith(".gz"))
    .map((path) => path.slice(folder.length).replaceAll("\\", "/"))
    .sort();
  const index = readFileSync(join(folder, "index.html"));
  const name = createHash("sha256").update(list.join("\n")).update(index).digest("hex").slice(0, 12);
  const plain = readFileSync(at, "utf8");
  const told = plain.replace(/^const RELEASE = .*$/m, `const RELEASE = ${JSON.stringify({ name, files: list })};`);
  if (told === plain) throw new Error("public/sw.js has no line for the release");
  writeFileSync(at, told);
}

release();
for (const path of files(folder)) {
  if (!/\.(js|css|svg|html|webmanifest|json)$/.test(path) || path.includes(".vite")) continue;
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
}

/** Every script that is loaded before the page can be used. */
function scripts(entry, seen = new Set()) {
  const chunk = manifest[entry];
  if (!chunk || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const next of chunk.imports ?? []) scripts(next, seen);
  return seen;
}

const first = scripts("index.html");
scripts(FIRST_PAGE, first);
for (const language of ["src/locales/en/index.ts", "src/locales/zh-CN/index.ts"]) {
  const needed = scripts(language, new Set(first));
  const weight = [...needed]
    .filter((name) => name.endsWith(".js"))
    .reduce((sum, name) => sum + statSync(join(folder, `${name}.gz`)).size, 0);
  const said = `${language.split("/")[2]}: ${(weight / 1000).toFixed(0)} kB of script (gzip) before the create page, at most ${LIMIT / 1000}`;
  if (weight > LIMIT) {
    console.error(`Too heavy. ${said}`);
    process.exit(1);
  }
  console.log(said);
}
